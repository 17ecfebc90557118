// SPDX-License-Identifier: PostgreSQL
#include "pgrecall/base/thread.h"

#include <signal.h>

void pgr_mutex_init(struct pgr_mutex *m)
{
    PGR_ASSERT(pthread_mutex_init(&m->native, NULL) == 0);
}

void pgr_mutex_fini(struct pgr_mutex *m)
{
    PGR_ASSERT(pthread_mutex_destroy(&m->native) == 0);
}

void pgr_mutex_lock(struct pgr_mutex *m)
{
    PGR_ASSERT(pthread_mutex_lock(&m->native) == 0);
}

void pgr_mutex_unlock(struct pgr_mutex *m)
{
    PGR_ASSERT(pthread_mutex_unlock(&m->native) == 0);
}

static void *enter(void *arg)
{
    struct pgr_thread *t = arg;
    t->main(t->arg);
    return NULL;
}

/* Signals are blocked while creating, so that the thread never runs with them open. */
static int create_blocked(struct pgr_thread *t, const pthread_attr_t *attr)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    PGR_ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int rc = pthread_create(&t->native, attr, enter, t);
    PGR_ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return rc;
}

enum pgr_err pgr_thread_start(struct pgr_thread *t, const char *name, size_t stack,
                              void (*main)(void *), void *arg)
{
    t->main = main;
    t->arg = arg;
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return PGR_ERR_IO;
    int rc = pthread_attr_setstacksize(&attr, stack);
    if (rc == 0)
        rc = create_blocked(t, &attr);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        return PGR_ERR_IO;
    pthread_setname_np(t->native, name); /* a longer name is refused: it is only decoration */
    return PGR_OK;
}

void pgr_thread_join(struct pgr_thread *t)
{
    PGR_ASSERT(pthread_join(t->native, NULL) == 0);
}
