#include "cloud/breaker.h"

void breaker_init(struct breaker *b, bool never_opens)
{
    *b = (struct breaker){.never_opens = never_opens, .open_ms = BREAKER_FIRST_MS};
    pthread_mutex_init(&b->lock, NULL);
}

void breaker_end(struct breaker *b)
{
    pthread_mutex_destroy(&b->lock);
}

bool breaker_lets_through(struct breaker *b, int64_t now_ms)
{
    pthread_mutex_lock(&b->lock);
    bool closed = b->until_ms == 0, trial = !closed && !b->is_trying && now_ms >= b->until_ms;
    if (trial)
        b->is_trying = true;
    pthread_mutex_unlock(&b->lock);
    return closed || trial;
}

/* Under the lock. */
static enum breaker_news note_failure(struct breaker *b, int64_t now_ms)
{
    bool was_open = b->until_ms != 0;
    if (++b->failures < BREAKER_FAILURES || b->never_opens || (was_open && !b->is_trying))
        return BREAKER_NO_NEWS; /* of one that was on its way when it opened */
    b->until_ms = now_ms + b->open_ms;
    b->open_ms = 2 * b->open_ms < BREAKER_LONGEST_MS ? 2 * b->open_ms : BREAKER_LONGEST_MS;
    b->is_trying = false;
    b->opened += !was_open;
    return was_open ? BREAKER_NO_NEWS : BREAKER_OPENED;
}

enum breaker_news breaker_tell(struct breaker *b, bool was_there, int64_t now_ms)
{
    enum breaker_news news = BREAKER_NO_NEWS;
    pthread_mutex_lock(&b->lock);
    if (!was_there) {
        news = note_failure(b, now_ms);
    } else {
        news = b->until_ms ? BREAKER_CLOSED : BREAKER_NO_NEWS;
        b->failures = 0;
        b->until_ms = 0;
        b->open_ms = BREAKER_FIRST_MS;
        b->is_trying = false;
    }
    pthread_mutex_unlock(&b->lock);
    return news;
}

void breaker_forget(struct breaker *b)
{
    pthread_mutex_lock(&b->lock);
    b->is_trying = false;
    pthread_mutex_unlock(&b->lock);
}

int64_t breaker_wait_ms(struct breaker *b, int64_t now_ms)
{
    pthread_mutex_lock(&b->lock);
    int64_t wait_ms = b->until_ms > now_ms ? b->until_ms - now_ms : 0;
    pthread_mutex_unlock(&b->lock);
    return wait_ms;
}

int64_t breaker_opened(struct breaker *b, bool *is_open)
{
    pthread_mutex_lock(&b->lock);
    int64_t opened = b->opened;
    *is_open = b->until_ms != 0;
    pthread_mutex_unlock(&b->lock);
    return opened;
}
