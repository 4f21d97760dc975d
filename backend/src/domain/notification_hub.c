#include "domain/notification_hub.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/wait.h"
#include "domain/job_runner.h"
#include "domain/notification.h"
#include "domain/session.h"
#include "http/http.h"

struct listener {
    struct listener *next;
    struct http_stream *stream;
    int64_t user_id, session_id, service_token_id;
    int64_t last_id;    /* heard up to here */
    int64_t beat_at_us; /* when the next heartbeat is due */
    int64_t look_at_us; /* when to see whether he is still there */
    unsigned changed;   /* TOPIC_… that he is to be told of, from changed_at_us on */
    int64_t changed_at_us;
};

struct notification_hub {
    bool (*lend_reader)(void *arg, struct ctx *c);
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    /* under the lock */
    struct listener *joining;
    bool is_woken, is_stopping;
    /* of the thread */
    struct listener *listeners;
    struct arena arena;
    int64_t newest_id;
    bool has_more; /* some have not heard all yet */
    int64_t job_news;           /* the change of a job that was told last; -1: from now on */
    struct job_now job_now;     /* as told last */
    struct job_event *job_events; /* of this round */
    struct changes changes;       /* as of the last round with listeners */
    bool knows_changes;
    struct arena round_arena;
    atomic_bool has_listeners; /* written under the lock */
};

static int64_t soon_us(int64_t ms)
{
    return clock_monotonic_us() + ms * 1000;
}

/* ---------------------------------------------------------------- one listener */

static bool say(struct listener *l, const char *text, size_t n)
{
    l->beat_at_us = soon_us(HUB_HEARTBEAT_MS);
    return http_stream_send(l->stream, text, n);
}

static bool beat(struct listener *l)
{
    return say(l, ":\n\n", 3);
}

/* RC_OK: he may still listen, and c->actor is he. RC_TOKEN_INVALID: not any more. Anything else: the database did not say. */
static enum rc let_in_again(struct ctx *c, const struct listener *l)
{
    c->actor = (struct actor){.user_id = l->user_id, .session_id = l->session_id, .service_token_id = l->service_token_id};
    TRY(session_check_again(c));
    return c->actor.must_change_password || !ctx_may(c, PERM_NOTIFICATION_READ) ? RC_TOKEN_INVALID : RC_OK;
}

static void say_over(struct listener *l)
{
    static const char OVER[] = HUB_END("token_invalid");
    (void)http_stream_send(l->stream, OVER, sizeof OVER - 1);
}

/* What is new to him, as far as his client takes it. False: he is gone. */
static bool tell(struct notification_hub *hub, struct ctx *c, struct listener *l)
{
    bool is_far = hub->newest_id - l->last_id > HUB_IDS_MAX;
    struct notification_news news = {.after_id = l->last_id,
                                     .until_id = is_far ? l->last_id + HUB_IDS_MAX : hub->newest_id,
                                     .most = HUB_EVENTS_MAX};
    buf_init(&news.events, http_stream_room(l->stream));
    bool open = true;
    if (notification_read_news(c, &news) == RC_OK) {
        if (news.events.n)
            open = say(l, news.events.bytes, news.events.n);
        l->last_id = news.after_id;
    }
    hub->has_more |= l->last_id < hub->newest_id;
    buf_free(&news.events);
    return open;
}

static bool has_job_events(const struct notification_hub *hub, const struct listener *l)
{
    for (const struct job_event *e = hub->job_events; e; e = e->next)
        if (e->user_id == l->user_id)
            return true;
    return false;
}

/* What does not fit is left out: the next one tells as much. */
static bool tell_jobs(const struct notification_hub *hub, struct listener *l)
{
    for (const struct job_event *e = hub->job_events; e; e = e->next)
        if (e->user_id == l->user_id && http_stream_room(l->stream) > strlen(e->text) && !say(l, e->text, strlen(e->text)))
            return false;
    return true;
}

/* Of what anybody may see there is only told that it is old. */
static bool tell_changed(struct listener *l, int64_t now_us)
{
    static const struct {
        unsigned topic;
        const char *name;
    } topics[] = {{TOPIC_MATERIALS, "materials"}, {TOPIC_DOCUMENTS, "documents"}, {TOPIC_USERS, "users"}, {TOPIC_COUNTING, "counting"}};
    char text[96];
    size_t n = (size_t)snprintf(text, sizeof text, "event: changed\ndata: {\"topics\":");
    const char *before = "[";
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        if (l->changed & topics[i].topic) {
            n += (size_t)snprintf(text + n, sizeof text - n, "%s\"%s\"", before, topics[i].name);
            before = ",";
        }
    n += (size_t)snprintf(text + n, sizeof text - n, "]}\n\n");
    l->changed_at_us = now_us + HUB_CHANGED_MS * 1000;
    if (http_stream_room(l->stream) <= n)
        return true; /* later */
    l->changed = 0;
    return say(l, text, n);
}

static bool serve(struct notification_hub *hub, struct ctx *c, struct listener *l, int64_t now_us)
{
    if (now_us >= l->look_at_us) {
        l->look_at_us = now_us + HUB_LOOK_MS * 1000;
        if (!http_stream_is_heard(l->stream))
            return false;
    }
    bool is_due = now_us >= l->beat_at_us, has_news = l->last_id < hub->newest_id;
    if (has_news && http_stream_room(l->stream) < HTTP_STREAM_BYTES / 2) { /* he does not keep up: later */
        hub->has_more = true;
        has_news = false;
    }
    bool has_jobs = has_job_events(hub, l), has_changes = l->changed && now_us >= l->changed_at_us;
    if (!is_due && !has_news && !has_jobs && !has_changes)
        return true;
    error_clear(&c->err);
    arena_reset(c->arena);
    enum rc rc = let_in_again(c, l);
    if (rc == RC_TOKEN_INVALID) {
        say_over(l);
        return false;
    }
    if (rc == RC_OK && has_news && !tell(hub, c, l))
        return false;
    if (rc == RC_OK && has_jobs && !tell_jobs(hub, l))
        return false;
    if (rc == RC_OK && has_changes && !tell_changed(l, now_us))
        return false;
    return now_us < l->beat_at_us || beat(l);
}

/* ---------------------------------------------------------------- all of them */

static void dismiss(struct listener *l)
{
    http_stream_close(l->stream);
    free(l);
}

/* Keeps those for whom `keep` is true. */
#define FOR_EACH_KEEPING(HUB, L, KEEP)                                                                                 \
    for (struct listener **at_ = &(HUB)->listeners, *L; (L = *at_) != NULL;)                                           \
        if (KEEP)                                                                                                      \
            at_ = &L->next;                                                                                            \
        else                                                                                                           \
            *at_ = L->next, dismiss(L)

struct round {
    struct notification_hub *hub;
    struct ctx *ctx;
};

/* The jobs' changes since the last round, and how far the one is that runs here, which may not have been able to write it down. */
static enum rc read_jobs(struct notification_hub *hub, const struct ctx *base)
{
    struct ctx c = *base;
    struct job_now now;
    bool more = false, is_here = job_runner_now(base->jobs, &now) && !now.is_ending; /* before the news: nothing follows a job's end */
    arena_reset(&hub->round_arena);
    c.arena = &hub->round_arena;
    hub->job_events = NULL;
    if (hub->job_news < 0)
        TRY(job_newest(&c, &hub->job_news));
    TRY(job_read_news(&c, &hub->job_news, &hub->job_events, &more));
    hub->has_more |= more;
    if (!is_here || (now.id == hub->job_now.id && now.done == hub->job_now.done))
        return RC_OK;
    struct job_event **end = &hub->job_events;
    for (; *end; end = &(*end)->next)
        if ((*end)->job_id == now.id)
            return RC_OK;
    hub->job_now = now;
    *end = job_event_new(c.arena, now.user_id, now.id, now.kind, "running", now.done, now.total);
    return RC_OK;
}

/* What has changed since the last round, noted with every listener. */
static enum rc note_changes(struct notification_hub *hub, struct ctx *c)
{
    struct changes now;
    const struct changes *then = &hub->changes;
    TRY(ctx_read_changes(c, &now));
    unsigned changed = (now.materials > then->materials || now.stock > then->stock ? TOPIC_MATERIALS : 0) |
                       (now.documents > then->documents ? TOPIC_DOCUMENTS : 0) | (now.users > then->users ? TOPIC_USERS : 0) |
                       (now.counting > then->counting ? TOPIC_COUNTING : 0);
    for (struct listener *l = hub->listeners; l && hub->knows_changes; l = l->next)
        l->changed |= changed;
    hub->changes = now;
    hub->knows_changes = true;
    return RC_OK;
}

static enum rc run_round(struct db *db, void *arg)
{
    struct round *r = arg;
    struct notification_hub *hub = r->hub;
    int64_t now_us = clock_monotonic_us();
    (void)db;
    TRY(notification_newest(r->ctx, &hub->newest_id));
    TRY(read_jobs(hub, r->ctx));
    TRY(note_changes(hub, r->ctx));
    FOR_EACH_KEEPING(hub, l, serve(hub, r->ctx, l, now_us));
    return RC_OK;
}

/* Without the database nobody is sent away; only heartbeats go out. */
static void beat_only(struct notification_hub *hub)
{
    int64_t now_us = clock_monotonic_us();
    FOR_EACH_KEEPING(hub, l, now_us < l->beat_at_us || beat(l));
}

static void round_of(struct notification_hub *hub)
{
    struct ctx c = {.arena = &hub->arena, .now_ms = clock_now_ms()};
    struct round r = {hub, &c};
    hub->has_more = false;
    if (!hub->lend_reader(hub->arg, &c) || db_run_read(c.db, run_round, &r) != RC_OK)
        beat_only(hub);
}

/* Waits for news, at most until the next look; false: it is to stop. New listeners are taken in. */
static bool wait_for_news(struct notification_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    int64_t ms = hub->has_more ? HUB_PAUSE_MS : HUB_LOOK_MS, until_us = soon_us(ms);
    const struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    int late = 0;
    while (!hub->is_woken && !hub->is_stopping && late == 0)
        late = hub->listeners || hub->joining ? pthread_cond_timedwait(&hub->news, &hub->lock, &until)
                                              : pthread_cond_wait(&hub->news, &hub->lock);
    hub->is_woken = false;
    if (!hub->listeners) {
        hub->job_news = -1;
        hub->knows_changes = false;
    }
    while (hub->joining) {
        struct listener *l = hub->joining;
        hub->joining = l->next;
        l->next = hub->listeners;
        hub->listeners = l;
    }
    atomic_store(&hub->has_listeners, hub->listeners != NULL);
    bool go_on = !hub->is_stopping;
    pthread_mutex_unlock(&hub->lock);
    return go_on;
}

static void *hub_main(void *arg)
{
    struct notification_hub *hub = arg;
    const struct timespec pause = {.tv_nsec = HUB_PAUSE_MS * 1000000L};
    while (wait_for_news(hub)) {
        round_of(hub);
        nanosleep(&pause, NULL);
    }
    FOR_EACH_KEEPING(hub, l, false);
    return NULL;
}

/* ---------------------------------------------------------------- from outside */

struct notification_hub *notification_hub_start(bool (*lend_reader)(void *arg, struct ctx *c), void *arg)
{
    struct notification_hub *hub = calloc(1, sizeof *hub);
    if (!hub)
        abort();
    hub->lend_reader = lend_reader;
    hub->arg = arg;
    arena_init(&hub->arena);
    arena_init(&hub->round_arena);
    pthread_mutex_init(&hub->lock, NULL);
    wait_cond_init(&hub->news);
    if (pthread_create(&hub->thread, NULL, hub_main, hub) != 0)
        abort(); /* at the start: the system's limit of threads */
    return hub;
}

void notification_hub_wake(void *arg)
{
    struct notification_hub *hub = arg;
    if (!atomic_load(&hub->has_listeners))
        return;
    pthread_mutex_lock(&hub->lock);
    if (!hub->is_woken)
        pthread_cond_signal(&hub->news);
    hub->is_woken = true;
    pthread_mutex_unlock(&hub->lock);
}

void notification_hub_join(struct notification_hub *hub, const struct ctx *c, int64_t last_id, struct http_stream *stream)
{
    struct listener *l = malloc(sizeof *l);
    if (!l)
        abort();
    *l = (struct listener){.stream = stream,
                           .user_id = c->actor.user_id,
                           .session_id = c->actor.session_id,
                           .service_token_id = c->actor.service_token_id,
                           .last_id = last_id,
                           .beat_at_us = soon_us(HUB_HEARTBEAT_MS)};
    pthread_mutex_lock(&hub->lock);
    l->next = hub->joining;
    hub->joining = l;
    hub->is_woken = true; /* it may have missed something already */
    atomic_store(&hub->has_listeners, true);
    pthread_cond_signal(&hub->news);
    pthread_mutex_unlock(&hub->lock);
}

void notification_hub_stop(struct notification_hub *hub)
{
    if (!hub)
        return;
    pthread_mutex_lock(&hub->lock);
    hub->is_stopping = true;
    pthread_cond_signal(&hub->news);
    pthread_mutex_unlock(&hub->lock);
    pthread_join(hub->thread, NULL);
    arena_free(&hub->arena);
    arena_free(&hub->round_arena);
    pthread_cond_destroy(&hub->news);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}
