/* A circuit breaker: after some failures in a row nobody is let through for a while, so that nobody waits for what is away; then one
 * is, as a trial. Time is told by the caller. For any thread. */
#ifndef MMS_CLOUD_BREAKER_H
#define MMS_CLOUD_BREAKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 4      /* in a row, until it opens */
#define BREAKER_FIRST_MS 5000   /* how long it stays open; twice as long after each trial that failed … */
#define BREAKER_LONGEST_MS 60000 /* … but no longer than this */

struct breaker {
    pthread_mutex_t lock;
    bool never_opens;
    int failures;
    int64_t open_ms;     /* how long it stays open the next time */
    int64_t until_ms;    /* 0: it is closed */
    bool is_trying;      /* somebody was let through */
    int64_t opened;      /* how often, from being closed */
};

void breaker_init(struct breaker *b, bool never_opens);
void breaker_end(struct breaker *b);
/* False: it is open. True: breaker_tell must follow, or breaker_forget when nobody was asked after all. */
bool breaker_lets_through(struct breaker *b, int64_t now_ms);
enum breaker_news { BREAKER_NO_NEWS, BREAKER_OPENED, BREAKER_CLOSED };
/* How it went. */
enum breaker_news breaker_tell(struct breaker *b, bool was_there, int64_t now_ms);
void breaker_forget(struct breaker *b);
/* In how many ms a trial may be made; 0: it is closed, or now. */
int64_t breaker_wait_ms(struct breaker *b, int64_t now_ms);
/* How often it has opened; *is_open: it is open now, or has let through a trial that has not been told of. */
int64_t breaker_opened(struct breaker *b, bool *is_open);

#endif
