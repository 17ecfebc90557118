// SPDX-License-Identifier: PostgreSQL
#include "name_priv.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* One row of the table of distances between prefixes, for names below PGR_NAME_MAX. */
typedef unsigned distance_row[PGR_NAME_MAX];

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Optimal string alignment: Levenshtein's three steps, and the swap of two neighbours. */
unsigned pgr_name_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len >= PGR_NAME_MAX || b_len >= PGR_NAME_MAX)
        return UINT_MAX;
    distance_row rows[3] = {{0}}; /* i - 2, i - 1 and i, by i % 3 */
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *last = rows[(i + 2) % 3];
        const unsigned *before = rows[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= b_len; j++) {
            bool is_same = same(a[i - 1], b[j - 1]);
            now[j] = least(last[j - 1] + !is_same, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

void pgr_nearest_init(struct pgr_nearest *nearest, const char *wrong)
{
    *nearest = (struct pgr_nearest){.wrong = wrong, .distance = UINT_MAX};
}

/* One slip is always forgiven where letters are left, then one for every three of the name. */
static bool is_near(unsigned distance, const char *name)
{
    size_t len = strlen(name);
    size_t allowed = (len + 1) / 3 > 1 ? (len + 1) / 3 : 1;
    return distance <= allowed && distance < len;
}

void pgr_nearest_offer(struct pgr_nearest *nearest, const char *name)
{
    unsigned distance = pgr_name_distance(nearest->wrong, name);
    if (distance >= nearest->distance || !is_near(distance, name))
        return;
    nearest->distance = distance;
    snprintf(nearest->name, sizeof(nearest->name), "%s", name);
}
