/* Waiting on a condition until a moment of the monotonic clock, which nobody sets. */
#ifndef MMS_BASE_WAIT_H
#define MMS_BASE_WAIT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* A condition whose pthread_cond_timedwait goes by that clock. */
void wait_cond_init(pthread_cond_t *cond);

/* The moment in so many ms: what such a wait is given. */
struct timespec wait_until(int64_t ms);

#endif
