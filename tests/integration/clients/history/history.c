// SPDX-License-Identifier: PostgreSQL
/*
 * The differential test: many connections read and write at random, and every answer is held
 * against what PostgreSQL may answer at that moment (model.h).
 *
 *   history [--direct DSN] [--operations N] [--threads N] [--seed N] [--until-violation] DSN
 *
 * Prints its counts on one line; the exit status is 1 after a violation and 2 after an error.
 */
#include "client.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX    64
#define DIRECT         2   /* of them go round the proxy */
#define DIRECT_REST_US 300 /* and rest between two reads */
#define PERIOD         20000u
#define STORM_FROM     15000u
#define SQUALL_FROM    19000u

struct job {
    struct pgr_run *run;
    pthread_t thread;
    unsigned seed;
    bool is_direct;
};

/* Most of the time is calm. */
static enum pgr_weather weather_at(unsigned long operation)
{
    unsigned long hour = operation % PERIOD;
    return hour < STORM_FROM ? PGR_CALM : hour < SQUALL_FROM ? PGR_STORM : PGR_SQUALL;
}

static void operate(struct pgr_client *client, unsigned long operation)
{
    static const unsigned writes_of_1000[] = {[PGR_CALM] = 6, [PGR_STORM] = 70, [PGR_SQUALL] = 400};
    enum pgr_weather weather = weather_at(operation);
    if (pgr_client_random(client, 1000) < writes_of_1000[weather])
        pgr_client_write(client, weather);
    else
        pgr_client_read(client);
}

static void *job_main(void *arg)
{
    struct job *job = arg;
    struct pgr_run *run = job->run;
    struct pgr_client client;
    pgr_client_open(&client, run, job->is_direct ? run->direct : run->dsn, job->seed);
    client.is_direct = job->is_direct;
    while (!atomic_load(&run->is_over)) {
        if (job->is_direct) {
            pgr_client_read(&client);
            (void)usleep(DIRECT_REST_US);
            continue;
        }
        unsigned long operation = atomic_fetch_add(&run->next, 1);
        if (operation >= run->operations)
            break;
        operate(&client, operation);
    }
    pgr_client_close(&client);
    return NULL;
}

static void start(struct job *job)
{
    if (pthread_create(&job->thread, NULL, job_main, job) != 0)
        abort();
}

static void run_all(struct pgr_run *run, unsigned threads)
{
    static struct job jobs[THREADS_MAX + DIRECT];
    unsigned directs = run->direct != NULL ? DIRECT : 0;
    for (unsigned i = 0; i < threads + directs; i++) {
        jobs[i] = (struct job){.run = run, .seed = run->seed * 1000 + i, .is_direct = i >= threads};
        start(&jobs[i]);
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(jobs[i].thread, NULL);
    atomic_store(&run->is_over, true);
    for (unsigned i = threads; i < threads + directs; i++)
        pthread_join(jobs[i].thread, NULL);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static unsigned take_options(int argc, char **argv, struct pgr_run *run)
{
    static const struct option options[] = {
        {"direct", required_argument, NULL, 'd'},    {"operations", required_argument, NULL, 'o'},
        {"threads", required_argument, NULL, 't'},   {"seed", required_argument, NULL, 's'},
        {"until-violation", no_argument, NULL, 'u'}, {NULL, 0, NULL, 0},
    };
    unsigned threads = 16;
    int which;
    while ((which = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (which) {
        case 'd':
            run->direct = optarg;
            break;
        case 'o':
            run->operations = strtoul(optarg, NULL, 10);
            break;
        case 't':
            threads = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 's':
            run->seed = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'u':
            run->stops_at_violation = true;
            break;
        default:
            exit(2);
        }
    }
    if (optind != argc - 1 || threads == 0 || threads > THREADS_MAX)
        exit(2);
    run->dsn = argv[optind];
    return threads;
}

int main(int argc, char **argv)
{
    struct pgr_run run = {.operations = 1000, .seed = 1};
    unsigned threads = take_options(argc, argv, &run);
    (void)signal(SIGPIPE, SIG_IGN);
    pgr_model_init();
    double began = seconds_now();
    run_all(&run, threads);
    unsigned long done = run.next < run.operations ? run.next : run.operations;
    (void)printf(
        "operations=%lu reads=%lu clean_reads=%lu writes=%lu violations=%lu seconds=%.1f\n", done,
        run.reads, run.clean_reads, run.writes, run.violations, seconds_now() - began);
    return run.violations > 0;
}
