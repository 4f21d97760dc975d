#include "app/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wait.h"
#include "cloud/kms.h"

#define FILE_MAX (64 << 10)
#define PAUSE_MS_MIN 200
#define PAUSE_MS_MAX 4000
#define UNKNOWN_AGAIN_US (INT64_C(30) * 1000000) /* how often a token of a secret that is not known is a reason to read */
#define RETIRED_MAX (KEYRING_MAX - 3) /* beside the one that signs, and what the source names */
#define USER_DATA_NAME "MMS_JWT_SECRET="
#define USER_DATA_PREVIOUS "MMS_JWT_SECRET_PREVIOUS="

/* What a source says; in the arena. */
struct found {
    const char *current, *previous; /* previous NULL: it names none */
};

struct secrets {
    const struct settings *settings;
    secrets_environment *environment; /* NULL: the environment stays as it is */
    struct metadata *metadata;
    struct credentials *credentials;
    struct client *client;
    const struct source *source; /* which gave the secret */
    struct keyring *ring;
    char refused_kid[TOKEN_KID_MAX]; /* of the secret before that was last told to be no good; "": none */
    char *pending;               /* seen once, and signs from the next reading on; NULL: none */
    struct retired {             /* have signed here; the last one first */
        char *secret;            /* NULL: none */
        int64_t until_s;         /* tokens of it live no longer */
    } retired[RETIRED_MAX];
    pthread_mutex_t lock;        /* over what follows */
    pthread_cond_t wake;
    bool is_wanted, is_stopping, has_thread, is_failing;
    int64_t failures, unknown_us;
    pthread_t thread;
    atomic_bool is_closing;      /* ends what waits for KMS */
    bool is_temporary;           /* made for this run */
};

/* False: it has none, or cannot be read. */
typedef bool read_source(struct secrets *s, struct arena *a, struct found *out, struct trouble *why);

/* ---------------------------------------------------------------- the sources */

static bool read_environment(struct secrets *s, struct arena *a, struct found *out, struct trouble *why)
{
    *out = (struct found){s->settings->jwt_secret, s->settings->jwt_secret_previous};
    if (s->source && !s->environment(a, &out->current, &out->previous)) /* not for the first time */
        return trouble_say(why, true, "环境文件无法读取（原因见标准错误输出）", "the environment file cannot be read (standard error says why)");
    out->current = text_trim(a, out->current);
    out->previous = text_trim(a, out->previous);
    if (out->previous && !out->previous[0])
        out->previous = NULL;
    if (out->current && !out->current[0])
        out->current = NULL;
    return out->current || trouble_say(why, false, "未设置 JWT_SECRET", "JWT_SECRET is not set");
}

static bool read_whole(const char *path, struct buf *out)
{
    char some[4096];
    ssize_t n = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    while ((n = read(fd, some, sizeof some)) > 0)
        buf_add(out, some, (size_t)n);
    int why = n < 0 ? errno : out->overflow ? EFBIG : memchr(buf_text(out), 0, out->n) ? EILSEQ : 0;
    explicit_bzero(some, sizeof some);
    close(fd);
    errno = why;
    return why == 0;
}

/* The next line that is not empty, trimmed; NULL: none. */
static const char *next_line(struct arena *a, const char **at)
{
    while (**at) {
        size_t n = strcspn(*at, "\n");
        const char *line = text_trim(a, arena_copy(a, *at, n));
        *at += n + ((*at)[n] == '\n');
        if (line[0])
            return line;
    }
    return NULL;
}

static bool read_file(struct secrets *s, struct arena *a, struct found *out, struct trouble *why)
{
    const char *path = s->settings->jwt_secret_file;
    struct buf text;
    buf_init(&text, FILE_MAX);
    bool got = read_whole(path, &text);
    int failed = errno;
    const char *at = got ? arena_copy(a, buf_text(&text), text.n) : "";
    if (text.n)
        explicit_bzero(text.bytes, text.n);
    buf_free(&text);
    if (!got)
        return trouble_say(why, failed == EIO || failed == ESTALE || failed == ETIMEDOUT, arena_fmt(a, "%s：%s", path, strerror(failed)),
                           arena_fmt(a, "%s: %s", path, strerror(failed)));
    out->current = next_line(a, &at);
    out->previous = next_line(a, &at);
    return out->current || trouble_say(why, false, arena_fmt(a, "%s 是空的", path), arena_fmt(a, "%s is empty", path));
}

static bool read_kms(struct secrets *s, struct arena *a, struct found *out, struct trouble *why)
{
    const struct settings *set = s->settings;
    const struct kms k = {set->kms_endpoint, set->kms_ca_file, s->client, s->credentials, &s->is_closing};
    if (!kms_get_secret(&k, a, set->kms_secret_name, set->kms_secret_field, KMS_CURRENT, &out->current, why))
        return false;
    if (!out->current)
        return trouble_say(why, false, arena_fmt(a, "KMS %s 中没有凭据 %s（名称或地域不对？）", set->kms_endpoint, set->kms_secret_name),
                        arena_fmt(a, "KMS %s has no secret %s (is the name, or the region, wrong?)", set->kms_endpoint, set->kms_secret_name));
    out->current = text_trim(a, out->current);
    if (!kms_get_secret(&k, a, set->kms_secret_name, set->kms_secret_field, KMS_PREVIOUS, &out->previous, why) && why->again)
        return false;
    out->previous = text_trim(a, out->previous);
    return true;
}

/* A line NAME=value of a script or of nothing else; the value as it stands. */
static const char *value_of(struct arena *a, const char *text, const char *name)
{
    for (const char *line = next_line(a, &text); line; line = next_line(a, &text))
        if (text_starts(line, name))
            return line[strlen(name)] ? line + strlen(name) : NULL;
    return NULL;
}

static bool read_user_data(struct secrets *s, struct arena *a, struct found *out, struct trouble *why)
{
    const char *text;
    if (!metadata_get(s->metadata, a, "user-data", &text, why))
        return false;
    if (text)
        *out = (struct found){value_of(a, text, USER_DATA_NAME), value_of(a, text, USER_DATA_PREVIOUS)};
    return out->current || trouble_say(why, false, text ? "用户数据中没有 MMS_JWT_SECRET= 一行" : "本实例没有用户数据",
                                    text ? "the user data have no line MMS_JWT_SECRET=" : "the instance has no user data");
}

static const struct source {
    const char *name;
    read_source *read;
    bool by_signal; /* it is read again when it is asked to, and not from time to time */
    bool is_far;    /* what it says may be otherwise in a while, without anybody touching this machine */
} sources[] = {
    {"environment", read_environment, true, false},
    {"file", read_file, false, false},
    {"kms", read_kms, false, true},
    {"user-data", read_user_data, false, true},
};

static const struct source *source_of(const char *name)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (strcmp(sources[i].name, name) == 0)
            return &sources[i];
    return &sources[0]; /* settings_read lets no other through */
}

static bool is_good(const struct secrets *s, struct arena *a, const char *secret, const char *which, struct trouble *why)
{
    const char *zh, *en;
    if (secret && !text_is_utf8(secret, strlen(secret)))
        return trouble_say(why, false, arena_fmt(a, "%s不是有效的 UTF-8 文本", which[0] == 'c' ? "密钥" : "上一个密钥"), arena_fmt(a, "the %s secret is not valid UTF-8", which));
    if (!secret || !settings_secret_fault(s->settings, secret, &zh, &en))
        return true;
    return trouble_say(why, false, arena_fmt(a, "%s%s", which[0] == 'c' ? "密钥" : "上一个密钥", zh), arena_fmt(a, "the %s secret %s", which, en));
}

/* Told once: it is read again and again. */
static void refuse_previous(struct secrets *s, const struct source *source, const char *secret, const struct trouble *why)
{
    char kid[TOKEN_KID_MAX];
    token_kid(secret, kid);
    if (strcmp(kid, s->refused_kid) == 0)
        return;
    memcpy(s->refused_kid, kid, sizeof kid);
    log_event(LOG_WARN, "secret.previous_refused", NULL, LOG_TEXT("source", source->name), LOG_TEXT("error", why->en));
}

static bool read_from(struct secrets *s, const struct source *source, struct arena *a, struct found *out, struct trouble *why)
{
    *out = (struct found){0};
    if (!source->read(s, a, out, why) || !is_good(s, a, out->current, "current", why))
        return false;
    if (is_good(s, a, out->previous, "previous", why))
        return true;
    if (!source->is_far)
        return false;
    refuse_previous(s, source, out->previous, why);
    out->previous = NULL; /* it cannot be taken away there, other than by yet another one */
    return true;
}

/* ---------------------------------------------------------------- the ring */

static void add(struct keyring_keys *keys, const char *secret, int64_t until_s)
{
    for (size_t i = 0; i < keys->n; i++)
        if (strcmp(keys->at[i].secret, secret) == 0)
            return;
    if (keys->n < KEYRING_MAX)
        keys->at[keys->n++] = (struct keyring_key){.secret = secret, .until_s = until_s};
}

static bool is_same(const struct keyring_keys *a, const struct keyring_keys *b)
{
    bool same = a->n == b->n;
    for (size_t i = 0; same && i < a->n; i++)
        same = strcmp(a->at[i].secret, b->at[i].secret) == 0 && a->at[i].until_s == b->at[i].until_s;
    return same;
}

static void forget(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static char *copy(const char *secret)
{
    char *out = secret ? strdup(secret) : NULL;
    if (secret && !out)
        abort();
    return out;
}

static void set_pending(struct secrets *s, const char *secret)
{
    char *before = s->pending;
    s->pending = copy(secret);
    forget(before);
}

static void retire(struct secrets *s, const char *secret, int64_t until_s)
{
    forget(s->retired[RETIRED_MAX - 1].secret);
    memmove(&s->retired[1], &s->retired[0], (RETIRED_MAX - 1) * sizeof s->retired[0]);
    s->retired[0] = (struct retired){copy(secret), until_s};
}

static void tell_change(const char *event, const char *secret)
{
    char kid[TOKEN_KID_MAX];
    token_kid(secret, kid);
    log_event(LOG_INFO, event, NULL, LOG_TEXT("kid", kid));
}

/* What the source says now, beside what it said before. */
static void take(struct secrets *s, const struct found *f, int64_t now_s)
{
    const struct keyring_keys *old = keyring_get(s->ring);
    const char *signing = old->at[0].secret;
    struct keyring_keys next = {0};
    bool is_new = strcmp(f->current, signing) != 0, is_seen_again = is_new && text_equal(f->current, s->pending);
    if (is_new && !is_seen_again)
        tell_change("secret.seen", f->current);
    if (is_seen_again)
        tell_change("secret.changed", f->current);
    add(&next, is_seen_again ? f->current : signing, INT64_MAX);
    add(&next, f->current, INT64_MAX);
    if (f->previous)
        add(&next, f->previous, INT64_MAX);
    if (is_seen_again)
        retire(s, signing, now_s + s->settings->jwt_expires_s);
    for (size_t i = 0; i < RETIRED_MAX; i++)
        if (s->retired[i].secret && s->retired[i].until_s > now_s)
            add(&next, s->retired[i].secret, s->retired[i].until_s);
    if (!is_same(&next, old))
        keyring_put(s->ring, &next);
    set_pending(s, is_new && !is_seen_again ? f->current : NULL);
}

/* Another instance may have learned of a new secret before this one. */
static void read_soon(void *arg)
{
    struct secrets *s = arg;
    pthread_mutex_lock(&s->lock);
    if (!s->unknown_us || clock_monotonic_us() - s->unknown_us > UNKNOWN_AGAIN_US) {
        s->unknown_us = clock_monotonic_us();
        s->is_wanted = true;
        pthread_cond_signal(&s->wake);
    }
    pthread_mutex_unlock(&s->lock);
}

static void take_first(struct secrets *s, const struct source *source, const struct found *f)
{
    struct keyring_keys keys = {0};
    add(&keys, f->current, INT64_MAX);
    if (f->previous)
        add(&keys, f->previous, INT64_MAX);
    keyring_put(s->ring, &keys);
    s->source = source;
    if (!source->by_signal)
        keyring_on_unknown(s->ring, read_soon, s);
}

/* ---------------------------------------------------------------- the start */

static struct secrets *secrets_new(const struct settings *settings, secrets_environment *environment)
{
    struct secrets *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->settings = settings;
    s->environment = environment;
    s->ring = keyring_new();
    const struct cloud_key key = {settings->aliyun_access_key_id, settings->aliyun_access_key_secret, NULL};
    s->metadata = metadata_new(settings->aliyun_metadata_url);
    s->credentials = credentials_new(&key, s->metadata);
    s->client = client_new();
    pthread_mutex_init(&s->lock, NULL);
    wait_cond_init(&s->wake);
    return s;
}

/* What is being tried at the start. */
struct start {
    struct secrets *secrets;
    struct arena *arena;
    secrets_pause *pause;
    void *arg;
    int64_t until_us;
    struct buf zh, en; /* what each source said */
    bool is_away;
};

static int jittered(int ms)
{
    return ms / 2 + (int)(clock_monotonic_us() % (ms / 2 + 1));
}

/* Until it says yes or no, or time is up. */
static enum secrets_outcome try_source(struct start *st, const struct source *source)
{
    struct found f;
    struct trouble why = {0};
    for (int pause_ms = PAUSE_MS_MIN;; pause_ms = pause_ms < PAUSE_MS_MAX ? pause_ms * 2 : PAUSE_MS_MAX) {
        if (read_from(st->secrets, source, st->arena, &f, &why)) {
            take_first(st->secrets, source, &f);
            return SECRETS_READ;
        }
        int ms = jittered(pause_ms);
        if (!why.again || clock_monotonic_us() + ms * INT64_C(1000) > st->until_us)
            break;
        log_event(LOG_WARN, "secret.waiting", NULL, LOG_TEXT("source", source->name), LOG_TEXT("error", why.en));
        if (st->pause(st->arg, ms))
            return SECRETS_CALLED_OFF;
    }
    st->is_away |= why.again || source->is_far;
    log_event(LOG_WARN, "secret.source_failed", NULL, LOG_TEXT("source", source->name), LOG_TEXT("error", why.en));
    buf_fmt(&st->zh, "%s%s：%s", st->zh.n ? "；" : "", source->name, why.zh);
    buf_fmt(&st->en, "%s%s: %s", st->en.n ? "; " : "", source->name, why.en);
    return st->is_away ? SECRETS_AWAY : SECRETS_NONE;
}

static bool make_temporary(struct secrets *s)
{
    const char *const *list = s->settings->secret_sources;
    char secret[TOKEN_RANDOM_MAX];
    if (s->settings->mode == MODE_PRODUCTION || s->settings->jwt_secret || strcmp(list[0], "environment") != 0 || list[1])
        return false;
    token_random(secret);
    take_first(s, &sources[0], &(struct found){secret, NULL});
    s->is_temporary = true;
    return true;
}

enum secrets_outcome secrets_open(const struct settings *settings, secrets_environment *environment, struct arena *a, secrets_pause *pause,
                                  void *arg, struct secrets **out, struct error *err)
{
    struct start st = {.secrets = secrets_new(settings, environment), .arena = a, .pause = pause, .arg = arg,
                       .until_us = clock_monotonic_us() + SECRETS_WITHIN_MS * INT64_C(1000)};
    enum secrets_outcome outcome = make_temporary(st.secrets) ? SECRETS_READ : SECRETS_NONE;
    buf_init(&st.zh, 1 << 16);
    buf_init(&st.en, 1 << 16);
    for (const char *const *name = settings->secret_sources; *name && outcome != SECRETS_READ && outcome != SECRETS_CALLED_OFF; name++)
        outcome = try_source(&st, source_of(*name));
    if (outcome == SECRETS_NONE || outcome == SECRETS_AWAY)
        error_say(err, RC_INVALID_INPUT, arena_fmt(a, "取不到令牌签名密钥：%s", buf_text(&st.zh)),
                  arena_fmt(a, "No secret to sign tokens with: %s", buf_text(&st.en)));
    buf_free(&st.zh);
    buf_free(&st.en);
    if (outcome == SECRETS_READ)
        *out = st.secrets;
    else
        secrets_close(st.secrets);
    return outcome;
}

/* ---------------------------------------------------------------- the thread */

/* Under the lock. False: it is to stop. */
static bool wait_for(struct secrets *s)
{
    int late = 0;
    struct timespec until = wait_until(s->settings->secret_refresh_s * 1000);
    while (!s->is_stopping && !s->is_wanted && late == 0)
        late = s->source->by_signal && !s->pending ? pthread_cond_wait(&s->wake, &s->lock) : pthread_cond_timedwait(&s->wake, &s->lock, &until);
    s->is_wanted = false;
    return !s->is_stopping;
}

static void read_again(struct secrets *s, struct arena *a)
{
    struct found f;
    struct trouble why = {0};
    bool got = read_from(s, s->source, a, &f, &why);
    if (got)
        take(s, &f, clock_now_ms() / 1000);
    else
        log_event(LOG_WARN, "secret.not_read", NULL, LOG_TEXT("source", s->source->name), LOG_TEXT("error", why.en));
    pthread_mutex_lock(&s->lock);
    if (got && s->is_failing)
        log_event(LOG_INFO, "secret.read_again", NULL, LOG_TEXT("source", s->source->name));
    s->is_failing = !got;
    s->failures += !got;
    pthread_mutex_unlock(&s->lock);
}

static void *refresh(void *arg)
{
    struct secrets *s = arg;
    struct arena a;
    arena_init(&a);
    pthread_mutex_lock(&s->lock);
    while (wait_for(s)) {
        pthread_mutex_unlock(&s->lock);
        read_again(s, &a);
        arena_reset(&a);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    arena_free(&a);
    return NULL;
}

void secrets_read_again(struct secrets *s)
{
    pthread_mutex_lock(&s->lock);
    s->is_wanted = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

void secrets_tell(const struct secrets *s)
{
    const struct keyring_keys *keys = keyring_get(s->ring);
    char kid[TOKEN_KID_MAX];
    struct stat st;
    token_kid(keys->at[0].secret, kid);
    log_event(LOG_INFO, "secret.read", NULL, LOG_TEXT("source", s->source->name), LOG_TEXT("kid", kid), LOG_INT("valid", keys->n));
    if (s->is_temporary)
        log_write(LOG_WARN, "server.temporary_secret", NULL, NULL, 0);
    if (s->source->read == read_file && stat(s->settings->jwt_secret_file, &st) == 0 && (st.st_mode & S_IRWXO))
        log_event(LOG_WARN, "secret.file_open_to_all", NULL, LOG_TEXT("file", s->settings->jwt_secret_file));
    if (s->source->read == read_user_data)
        log_event(LOG_WARN, "secret.in_user_data", NULL, LOG_TEXT("advice", "every process on this machine can read it: prefer JWT_SECRET_FILE, --env-file or KMS"));
}

void secrets_start(struct secrets *s)
{
    if (s->source->by_signal && !s->environment)
        return;
    if (pthread_create(&s->thread, NULL, refresh, s) != 0)
        abort();
    s->has_thread = true;
}

void secrets_close(struct secrets *s)
{
    if (!s)
        return;
    atomic_store(&s->is_closing, true);
    pthread_mutex_lock(&s->lock);
    s->is_stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    if (s->has_thread)
        pthread_join(s->thread, NULL);
    set_pending(s, NULL);
    for (size_t i = 0; i < RETIRED_MAX; i++)
        forget(s->retired[i].secret);
    keyring_free(s->ring);
    credentials_free(s->credentials);
    metadata_free(s->metadata);
    client_free(s->client);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const struct keyring *secrets_ring(const struct secrets *s)
{
    return s->ring;
}

void secrets_state(struct secrets *s, struct secrets_state *out)
{
    pthread_mutex_lock(&s->lock);
    *out = (struct secrets_state){s->source->name, s->failures, s->is_failing, keyring_get(s->ring)->n};
    pthread_mutex_unlock(&s->lock);
}
