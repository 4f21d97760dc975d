#include "cloud/credentials.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wait.h"
#include "json/json.h"

#define ROLE_PATH "meta-data/ram/security-credentials/"
#define ROLE_MAX 128
#define EARLY_MS (INT64_C(60) * 60 * 1000) /* the service has new ones at least 30 minutes before the old ones end */
#define FAILED_AGAIN_MS (INT64_C(60) * 1000)
#define AGAIN_MS_MIN 1000
#define WITHOUT_AGAIN_MS 5000                /* while there is none */
#define LOOK_MS 15000                        /* how often a wait looks at the clock */
#define REFUSED_AGAIN_US (INT64_C(5) * 1000000) /* how often a refused one is a reason to ask */

struct credentials {
    struct metadata *metadata; /* NULL: a permanent key */
    pthread_mutex_t fetching;  /* one fetch at a time */
    pthread_mutex_t lock;      /* over what follows; never held while somebody is asked */
    pthread_cond_t wake;
    char *id, *secret, *token; /* NULL: none yet */
    int64_t ends_ms, refused_us;
    char role[ROLE_MAX];
    char zh[512], en[512];     /* why there is none */
    bool is_wanted, is_stopping, has_thread;
    pthread_t thread;
};

static char *copy(const char *text)
{
    char *out = text ? strdup(text) : NULL;
    if (text && !out)
        abort();
    return out;
}

static void forget(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

struct credentials *credentials_new(const struct cloud_key *key, struct metadata *metadata)
{
    struct credentials *c = calloc(1, sizeof *c);
    if (!c)
        abort();
    pthread_mutex_init(&c->fetching, NULL);
    pthread_mutex_init(&c->lock, NULL);
    wait_cond_init(&c->wake);
    if (key && key->id) {
        c->id = copy(key->id);
        c->secret = copy(key->secret);
        c->token = copy(key->token);
        c->ends_ms = INT64_MAX;
    } else
        c->metadata = metadata;
    snprintf(c->zh, sizeof c->zh, "尚未取得实例角色的临时密钥");
    snprintf(c->en, sizeof c->en, "the role's key has not been fetched yet");
    return c;
}

/* ---------------------------------------------------------------- fetching */

static const char *member(const struct json *object, const char *name)
{
    const struct json *v = json_member(object, name);
    return v && v->type == JSON_STRING && v->n ? v->text : NULL;
}

static bool is_role_name(const char *name)
{
    size_t n = strlen(name);
    return n && n < ROLE_MAX && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@-") == n;
}

static bool find_role(struct credentials *c, struct arena *a, const char **role, struct trouble *why)
{
    const char *listed;
    if (!metadata_get(c->metadata, a, ROLE_PATH, &listed, why))
        return false;
    *role = listed ? text_trim(a, listed) : NULL;
    if (!*role || !is_role_name(*role))
        return trouble_say(why, false, "本实例没有绑定 RAM 角色", "the instance has no RAM role");
    return true;
}

static void keep(struct credentials *c, const char *role, const struct cloud_key *key, int64_t ends_ms)
{
    pthread_mutex_lock(&c->lock);
    char *old[] = {c->id, c->secret, c->token};
    c->id = copy(key->id);
    c->secret = copy(key->secret);
    c->token = copy(key->token);
    c->ends_ms = ends_ms;
    memcpy(c->role, role, strlen(role) + 1);
    pthread_mutex_unlock(&c->lock);
    for (size_t i = 0; i < 3; i++)
        forget(old[i]);
}

/* It goes into headers: nothing but printable ASCII. */
static bool is_sendable(const char *text)
{
    if (!text)
        return false;
    for (; *text; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static bool read_key(struct credentials *c, struct arena *a, const char *role, const char *text, struct trouble *why)
{
    struct json_fault fault;
    const struct json *v = text ? json_parse(a, text, strlen(text), &fault) : NULL;
    const struct cloud_key key = {member(v, "AccessKeyId"), member(v, "AccessKeySecret"), member(v, "SecurityToken")};
    int64_t ends_ms;
    if (!v || !text_equal(member(v, "Code"), "Success") || !is_sendable(key.id) || !is_sendable(key.secret) || !is_sendable(key.token) || !member(v, "Expiration") ||
        !clock_parse(member(v, "Expiration"), &ends_ms))
        return trouble_say(why, true, arena_fmt(a, "实例元数据服务没有给出角色 %s 的密钥", role),
                           arena_fmt(a, "the metadata service gave no key for the role %s", role));
    if (ends_ms <= clock_now_ms()) {
        char ends[CLOCK_TEXT_MAX], now[CLOCK_TEXT_MAX];
        clock_print_iso(ends_ms, ends);
        clock_print_iso(clock_now_ms(), now);
        return trouble_say(why, true, arena_fmt(a, "角色 %s 的密钥已于 %s 到期（本机时钟 %s）", role, ends, now),
                           arena_fmt(a, "the key of the role %s ended at %s (this machine's clock says %s)", role, ends, now));
    }
    keep(c, role, &key, ends_ms);
    return true;
}

static bool fetch(struct credentials *c, struct arena *a, struct trouble *why)
{
    const char *role, *text;
    return find_role(c, a, &role, why) && metadata_get(c->metadata, a, arena_fmt(a, ROLE_PATH "%s", role), &text, why) &&
           read_key(c, a, role, text, why);
}

bool credentials_fetch(struct credentials *c, struct arena *a, struct trouble *why)
{
    if (!c->metadata)
        return true;
    pthread_mutex_lock(&c->fetching);
    bool got = fetch(c, a, why);
    pthread_mutex_unlock(&c->fetching);
    pthread_mutex_lock(&c->lock);
    snprintf(c->zh, sizeof c->zh, "%s", got ? "实例角色的临时密钥已到期" : why->zh);
    snprintf(c->en, sizeof c->en, "%s", got ? "the role's key has ended" : why->en);
    pthread_mutex_unlock(&c->lock);
    return got;
}

/* ---------------------------------------------------------------- the thread */

/* An hour before the end, or after half of what is left of a shorter life; after a failure sooner. */
static int64_t pause_ms(struct credentials *c, bool failed)
{
    int64_t left_ms = c->ends_ms - clock_now_ms(), pause = left_ms > 2 * EARLY_MS ? left_ms - EARLY_MS : left_ms / 2;
    if (failed)
        pause = left_ms > 4 * FAILED_AGAIN_MS ? FAILED_AGAIN_MS : left_ms > 0 ? left_ms / 4 : WITHOUT_AGAIN_MS;
    if (pause > 10 * FAILED_AGAIN_MS) /* machines of one image should not all ask at the same moment */
        pause -= clock_monotonic_us() % (5 * FAILED_AGAIN_MS);
    return pause > AGAIN_MS_MIN ? pause : AGAIN_MS_MIN;
}

static void tell(struct credentials *c, struct arena *a, bool got, const struct trouble *why, int64_t ends_ms)
{
    char ends[CLOCK_TEXT_MAX] = "";
    if (ends_ms > 0)
        clock_print_iso(ends_ms, ends);
    if (got)
        log_event(LOG_INFO, "credentials.fetched", NULL, LOG_TEXT("source", credentials_source(c, a)), LOG_TEXT("ends", ends));
    else
        log_event(LOG_WARN, "credentials.not_fetched", NULL, LOG_TEXT("error", why->en), LOG_TEXT("used_until", ends));
}

/* Under the lock. By the machine's clock, too, which says when a key ends and may be set right meanwhile. False: it is to stop. */
static bool wait_for(struct credentials *c, int64_t ms)
{
    int64_t due_us = clock_monotonic_us() + ms * 1000, due_ms = clock_now_ms() + ms, left_ms = ms;
    while (!c->is_stopping && !c->is_wanted && left_ms > 0) {
        struct timespec until = wait_until(left_ms < LOOK_MS ? left_ms : LOOK_MS);
        pthread_cond_timedwait(&c->wake, &c->lock, &until);
        int64_t by_clock_ms = due_ms - clock_now_ms(), by_us_ms = (due_us - clock_monotonic_us() + 999) / 1000;
        left_ms = by_clock_ms < by_us_ms ? by_clock_ms : by_us_ms;
    }
    c->is_wanted = false;
    return !c->is_stopping;
}

static void *refresh(void *arg)
{
    struct credentials *c = arg;
    struct arena a;
    arena_init(&a);
    pthread_mutex_lock(&c->lock);
    bool go_on = c->id ? wait_for(c, pause_ms(c, false)) : !c->is_stopping;
    while (go_on) {
        struct trouble why = {0};
        int64_t before_ms = c->ends_ms;
        pthread_mutex_unlock(&c->lock);
        bool got = credentials_fetch(c, &a, &why);
        pthread_mutex_lock(&c->lock);
        int64_t ends_ms = c->ends_ms;
        pthread_mutex_unlock(&c->lock);
        if (!got || ends_ms != before_ms)
            tell(c, &a, got, &why, ends_ms);
        arena_reset(&a);
        pthread_mutex_lock(&c->lock);
        go_on = wait_for(c, pause_ms(c, !got));
    }
    pthread_mutex_unlock(&c->lock);
    arena_free(&a);
    return NULL;
}

void credentials_start(struct credentials *c)
{
    if (!c->metadata || c->has_thread)
        return;
    if (pthread_create(&c->thread, NULL, refresh, c) != 0)
        abort();
    c->has_thread = true;
}

void credentials_free(struct credentials *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->is_stopping = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->lock);
    if (c->has_thread)
        pthread_join(c->thread, NULL);
    forget(c->id);
    forget(c->secret);
    forget(c->token);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->fetching);
    free(c);
}

/* ---------------------------------------------------------------- using it */

bool credentials_take(struct credentials *c, struct arena *a, struct cloud_key *out, int64_t *ends_ms, struct trouble *why)
{
    pthread_mutex_lock(&c->lock);
    bool good = c->id && c->ends_ms > clock_now_ms();
    if (good) {
        *out = (struct cloud_key){arena_dup(a, c->id), arena_dup(a, c->secret), arena_dup(a, c->token)};
        if (ends_ms)
            *ends_ms = c->ends_ms;
    } else
        trouble_say(why, true, arena_dup(a, c->zh), arena_dup(a, c->en));
    pthread_mutex_unlock(&c->lock);
    return good;
}

void credentials_refused(struct credentials *c, const char *id)
{
    pthread_mutex_lock(&c->lock);
    int64_t now_us = clock_monotonic_us();
    if (c->metadata && text_equal(c->id, id) && now_us - c->refused_us > REFUSED_AGAIN_US) {
        c->refused_us = now_us;
        c->is_wanted = true;
        pthread_cond_signal(&c->wake);
    }
    pthread_mutex_unlock(&c->lock);
}

const char *credentials_source(struct credentials *c, struct arena *a)
{
    if (!c->metadata)
        return "environment";
    pthread_mutex_lock(&c->lock);
    const char *source = c->role[0] ? arena_fmt(a, "role %s", c->role) : "role";
    pthread_mutex_unlock(&c->lock);
    return source;
}
