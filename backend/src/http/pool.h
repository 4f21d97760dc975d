/* A bounded queue and the threads that work it off. */
#ifndef MMS_HTTP_POOL_H
#define MMS_HTTP_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/histogram.h"

struct pool;

/* `name` (at most 15 bytes) is what the threads are called. NULL: not one thread could be started.
 */
struct pool *pool_start(const char *name, int threads, size_t queue_max, void (*job)(void *item));
/* False: the queue is full. From any thread. */
bool pool_put(struct pool *p, void *item);
/* The oldest item that no thread has begun, taken out of the queue; NULL: none. */
void *pool_take_back(struct pool *p);
size_t pool_length(struct pool *p); /* items that no thread has begun */
const struct histogram *pool_wait(const struct pool *p); /* µs from pool_put until a thread began */
/* Finishes what is queued, ends the threads, frees. NULL is fine. */
void pool_stop(struct pool *p);

#endif
