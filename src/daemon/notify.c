// SPDX-License-Identifier: PostgreSQL
#include "notify_priv.h"

#include <stdint.h>
#include <time.h>

#include <systemd/sd-daemon.h>

void pgr_notify_ready(void)
{
    (void)sd_notify(0, "READY=1");
}

/* Type=notify-reload wants the moment at which reloading began. */
void pgr_notify_reloading(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
                     (unsigned long long)now.tv_sec * 1000000u +
                         (unsigned long long)now.tv_nsec / 1000u);
}

void pgr_notify_stopping(void)
{
    (void)sd_notify(0, "STOPPING=1");
}
