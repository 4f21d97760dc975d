#include "cloud/oss_call.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/oss_sign.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LONGEST_MS 2000
#define NAP_MS 50            /* how often a pause looks whether it is to end */
#define SAME_CLOCK_MS 5000
#define BEGINNINGS_MAX 1000  /* of one call, however far it gets each time */
#define MIB (INT64_C(1) << 20)

/* A call with all its attempts. */
struct course {
    struct oss *o;
    struct arena *a;
    struct oss_call *call;
    struct oss_answer *out;
    int attempts, beginnings;
    int64_t began_us, until_ms; /* of the monotonic clock */
    bool clock_set, key_renewed;
    struct cloud_key key;
    /* Of the last attempt. */
    enum rc rc;
    bool may_repeat, at_once, was_asked, was_there;
    int64_t wait_ms; /* they want us to wait so long */
};

static int64_t monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

int64_t oss_now_ms(struct oss *o)
{
    return clock_now_ms() + atomic_load(&o->skew_ms);
}

static void keep_why(struct oss *o, const char *text)
{
    pthread_mutex_lock(&o->lock);
    snprintf(o->why, sizeof o->why, "%s", text);
    text_tame(o->why);
    pthread_mutex_unlock(&o->lock);
}

/* ---------------------------------------------------------------- connections */

static struct client *borrow_client(struct oss *o)
{
    struct client *c = NULL;
    pthread_mutex_lock(&o->lock);
    if (o->client_count)
        c = o->clients[--o->client_count];
    pthread_mutex_unlock(&o->lock);
    return c ? c : client_new();
}

static void give_client_back(struct oss *o, struct client *c)
{
    pthread_mutex_lock(&o->lock);
    bool kept = o->client_count < OSS_CLIENTS_MAX;
    if (kept)
        o->clients[o->client_count++] = c;
    pthread_mutex_unlock(&o->lock);
    if (!kept)
        client_free(c);
}

/* ---------------------------------------------------------------- an attempt */

/* The target and the headers to send. False: said in k->rc. */
static bool sign_call(struct course *k, const char **target, const char *const **headers)
{
    struct oss *o = k->o;
    struct oss_signed made;
    const char *why = "";
    const struct oss_request r = {.method = k->call->method, .region = o->region, .bucket = o->bucket, .key = k->call->key,
                                  .query = k->call->query.at, .query_n = k->call->query.n, .headers = k->call->headers.at,
                                  .headers_n = k->call->headers.n, .at_ms = oss_now_ms(o)};
    k->rc = RC_FILES_REFUSED;
    if (k->call->is_anonymous) {
        *target = arena_fmt(k->a, "/%s", k->call->key ? k->call->key : "");
        *headers = NULL;
        return true;
    }
    if (!o->credentials(o->credentials_arg, k->a, &k->key, &why)) {
        k->out->http.problem = why;
        keep_why(o, why);
        return false;
    }
    if (!oss_sign(k->a, &k->key, &r, &made)) {
        k->rc = RC_INTERNAL;
        return false;
    }
    *target = made.target;
    *headers = made.headers;
    return true;
}

/* With the lines that are not signed. An upload is not held back until they say that they want it: their answer comes in time. */
static const char *const *all_lines(struct course *k, const char *const *signed_lines)
{
    size_t n = 0, i = 0;
    while (signed_lines && signed_lines[n])
        n++;
    const char **lines = arena_array(k->a, n + 3, sizeof *lines);
    for (; i < n; i++)
        lines[i] = signed_lines[i];
    lines[i++] = "Expect:";
    if (k->o->host_line)
        lines[i++] = k->o->host_line;
    return lines;
}

static const char *decoded(struct arena *a, const char *base64, size_t *n)
{
    size_t most = strlen(base64);
    unsigned char *bytes = arena_alloc(a, most + 4);
    int got = most % 4 == 0 ? EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)most) : -1;
    *n = got > 0 ? (size_t)got : 0;
    for (size_t i = most; *n && i && base64[i - 1] == '='; i--)
        --*n;
    return (const char *)bytes;
}

static const char *request_id_of(struct arena *a, const struct client_answer *answer)
{
    const char *id = client_header(a, answer, "x-oss-request-id");
    return id ? id : "";
}

/* What is wrong stands in the body, or, where there may be none, in a header. */
static void read_refusal(struct course *k)
{
    const struct client_answer *http = &k->out->http;
    const char *hidden = client_header(k->a, http, "x-oss-err"), *body = http->body;
    size_t n = http->body_n;
    if (!n && hidden && strlen(hidden) < OSS_ANSWER_MAX)
        body = decoded(k->a, hidden, &n);
    oss_read_refusal(k->a, body, n, &k->out->refusal);
    if (!*k->out->refusal.request_id)
        k->out->refusal.request_id = request_id_of(k->a, http);
}

static bool is_one_of(const char *code, const char *const *codes)
{
    for (; *codes; codes++)
        if (strcmp(code, *codes) == 0)
            return true;
    return false;
}

/* Once: from here on we go by their clock. */
static void set_clock(struct course *k)
{
    const char *date = client_header(k->a, &k->out->http, "Date");
    int64_t theirs_ms = 0, ours_ms = clock_now_ms();
    char ours[CLOCK_TEXT_MAX], theirs[CLOCK_TEXT_MAX];
    if (!clock_parse(k->out->refusal.server_time, &theirs_ms) && !(date && client_date(date, &theirs_ms)))
        return;
    clock_print_iso(ours_ms, ours);
    clock_print_iso(theirs_ms, theirs);
    k->may_repeat = k->at_once = !k->clock_set;
    k->clock_set = true;
    int64_t skew_ms = theirs_ms - ours_ms, change_ms = skew_ms - atomic_exchange(&k->o->skew_ms, skew_ms);
    keep_why(k->o, arena_fmt(k->a, "本机时钟 %s 与对象存储的时钟 %s 相差过大，请校准本机时钟 / this clock (%s) is too far from the storage's (%s): set it right",
                             ours, theirs, ours, theirs));
    if (change_ms < SAME_CLOCK_MS && change_ms > -SAME_CLOCK_MS)
        return; /* another call has found out, too, and said so */
    log_event(LOG_WARN, "oss.clock_wrong", NULL, LOG_TEXT("our_clock", ours), LOG_TEXT("their_clock", theirs),
              LOG_INT("behind_s", (theirs_ms - ours_ms) / 1000), LOG_TEXT("vendor_request_id", k->out->refusal.request_id));
}

static int64_t retry_after_ms(struct course *k)
{
    const char *text = client_header(k->a, &k->out->http, "Retry-After");
    int64_t seconds, at_ms;
    if (text && text_int(text, 0, 86400, &seconds))
        return seconds * 1000;
    if (text && client_date(text, &at_ms) && at_ms > oss_now_ms(k->o))
        return at_ms - oss_now_ms(k->o);
    return 0;
}

/* A refusal with this status and code: what it means, and whether asking again can help. */
static void judge_refusal(struct course *k)
{
    static const char *const stale[] = {"SecurityTokenExpired", "InvalidSecurityToken", "InvalidAccessKeyId", "AccessKeyIdAndSecurityTokenNotMatch", NULL};
    static const char *const damaged[] = {"InvalidDigest", "BadDigest", NULL};
    static const char *const slow[] = {"RequestTimeout", "BadRequest", NULL};
    static const char *const missing[] = {"NoSuchBucket", "NoSuchUpload", NULL};
    struct oss *o = k->o;
    int status = k->out->http.status;
    const char *code = k->out->refusal.code;
    k->rc = RC_FILES_REFUSED;
    if (status == 404 && *k->out->refusal.request_id && !is_one_of(code, missing)) /* without an id it is not the storage that says so */
        k->rc = RC_NOT_FOUND;
    else if (status >= 500 || status == 408 || status == 429 || is_one_of(code, slow)) {
        k->rc = RC_FILES_AWAY;
        k->may_repeat = true;
        k->was_there = status < 500;
        k->wait_ms = retry_after_ms(k);
    } else if (is_one_of(code, damaged)) {
        k->rc = RC_FILES_BROKEN;
        k->may_repeat = true;
    } else if (strcmp(code, "RequestTimeTooSkewed") == 0)
        set_clock(k);
    else if (is_one_of(code, stale) && !k->key_renewed && o->refused && o->refused(o->credentials_arg, k->key.id))
        k->may_repeat = k->at_once = k->key_renewed = true;
}

static void judge_fault(struct course *k)
{
    errno = k->out->http.why_errno;
    switch (k->out->http.fault) {
    case CLIENT_FINE:
    case CLIENT_BROKEN:
        k->rc = RC_FILES_AWAY;
        k->may_repeat = true;
        k->was_there = false;
        return;
    case CLIENT_STOPPED:
        k->rc = RC_FILES_AWAY;
        return;
    case CLIENT_UNTRUSTED:
    case CLIENT_OTHER:
        k->rc = RC_FILES_REFUSED;
        return;
    case CLIENT_NOT_READ:
    case CLIENT_NOT_TAKEN:
        k->rc = files_failure(errno);
        return;
    }
}

enum rc oss_broken(struct oss *o, struct arena *a, const struct oss_call *call, const struct oss_answer *answer)
{
    const char *id = request_id_of(a, &answer->http);
    keep_why(o, arena_fmt(a, "%s %s: %d，但应答缺少内容或校验值不符 / %d, but the answer lacks something, or its checksum is another (request id %s)", call->method,
                          call->key ? call->key : o->bucket, answer->http.status, answer->http.status, *id ? id : "?"));
    return RC_FILES_BROKEN;
}

static void say_why(struct course *k)
{
    const struct client_answer *http = &k->out->http;
    const struct oss_refusal *r = &k->out->refusal;
    const char *what = arena_fmt(k->a, "%s %s", k->call->method, k->call->key ? k->call->key : k->o->bucket);
    if (http->problem)
        keep_why(k->o, arena_fmt(k->a, "%s: %s", what, http->problem));
    else if (k->rc == RC_FILES_BROKEN && http->status < 300)
        k->rc = oss_broken(k->o, k->a, k->call, k->out);
    else if (k->rc != RC_NOT_FOUND && strcmp(r->code, "RequestTimeTooSkewed") != 0)
        keep_why(k->o, arena_fmt(k->a, "%s: %d %s%s%s%s%s (request id %s)", what, http->status, r->code, *r->message ? ": " : "",
                                 text_shorten(k->a, r->message, 200), *r->ec ? ", EC " : "", r->ec, *r->request_id ? r->request_id : "?"));
}

static void attempt(struct course *k)
{
    struct oss_call *call = k->call;
    const char *target;
    const char *const *lines;
    k->may_repeat = k->at_once = k->was_asked = false;
    k->was_there = true;
    k->wait_ms = 0;
    *k->out = (struct oss_answer){.refusal = {"", "", "", "", ""}};
    if (!sign_call(k, &target, &lines))
        return;
    k->was_asked = true;
    int64_t left_ms = k->until_ms - monotonic_ms();
    const struct client_request r = {.method = call->method, .url = arena_fmt(k->a, "%s%s", k->o->base, target), .headers = all_lines(k, lines),
                                     .body = call->body, .body_n = call->body_n, .upload = call->upload, .take = call->take,
                                     .answer_max = call->answer_max ? call->answer_max : OSS_ANSWER_MAX, .connect_ms = OSS_CONNECT_MS,
                                     .within_ms = left_ms < 1 ? 1 : (int)left_ms, .per_mib_ms = call->take ? OSS_PER_MIB_MS : 0,
                                     .idle_s = OSS_IDLE_S, .stop = &k->o->stop, .ca = k->o->ca};
    struct client *client = borrow_client(k->o);
    bool answered = client_ask(client, k->a, &r, &k->out->http);
    give_client_back(k->o, client);
    if (!answered)
        judge_fault(k);
    else if (k->out->http.status >= 200 && k->out->http.status < 300) {
        k->rc = call->check ? call->check(call->arg, k->a, &k->out->http) : RC_OK;
        k->may_repeat = k->rc == RC_FILES_BROKEN;
        k->out->refusal.request_id = request_id_of(k->a, &k->out->http);
    } else {
        read_refusal(k);
        judge_refusal(k);
    }
    if (k->rc != RC_OK)
        say_why(k);
}

bool oss_read_crc(struct arena *a, const struct client_answer *answer, uint64_t *out)
{
    const char *text = client_header(a, answer, "x-oss-hash-crc64ecma");
    char *end;
    if (!text || !*text)
        return false;
    *out = strtoull(text, &end, 10);
    return *end == '\0';
}

/* ---------------------------------------------------------------- again */

static void nap(struct oss *o, int64_t ms)
{
    for (int64_t until_ms = monotonic_ms() + ms; !atomic_load(&o->stop) && monotonic_ms() < until_ms;) {
        int64_t left_ms = until_ms - monotonic_ms();
        nanosleep(&(struct timespec){.tv_nsec = (left_ms < NAP_MS ? left_ms : NAP_MS) * 1000000}, NULL);
    }
}

/* Full jitter: anything up to a limit that doubles, so that those who failed together do not come back together. */
static int64_t pause_ms(const struct course *k)
{
    uint32_t random = 0;
    int64_t most = (int64_t)BACKOFF_FIRST_MS << (k->attempts < 10 ? k->attempts : 10);
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = 0;
    most = most < BACKOFF_LONGEST_MS ? most : BACKOFF_LONGEST_MS;
    int64_t pause = random % (uint32_t)(most + 1);
    return k->wait_ms > pause ? k->wait_ms : pause;
}

static void begin_anew(struct course *k)
{
    k->attempts = 0;
    k->beginnings++;
    k->until_ms = monotonic_ms() + OSS_BUDGET_MS + k->call->bytes / MIB * OSS_PER_MIB_MS;
}

/* Whether there is to be another attempt; waits for its time. */
static bool goes_on(struct course *k)
{
    bool moved = false;
    if (!k->may_repeat || atomic_load(&k->o->stop))
        return false;
    if (k->call->again && !k->call->again(k->call->arg, k->a, k->call, &moved))
        return false;
    if (moved && k->beginnings < BEGINNINGS_MAX)
        begin_anew(k);
    int64_t pause = k->at_once ? 0 : pause_ms(k);
    if ((!k->at_once && k->attempts >= OSS_ATTEMPTS) || monotonic_ms() + pause >= k->until_ms)
        return false;
    nap(k->o, pause);
    return !atomic_load(&k->o->stop);
}

static void tell_breaker(struct course *k)
{
    if (!k->was_asked) {
        breaker_forget(&k->o->breaker);
        return;
    }
    switch (breaker_tell(&k->o->breaker, k->was_there, monotonic_ms())) {
    case BREAKER_NO_NEWS:
        return;
    case BREAKER_OPENED:
        log_event(LOG_ERROR, "oss.away", NULL, LOG_TEXT("bucket", k->o->bucket), LOG_INT("next_trial_ms", breaker_wait_ms(&k->o->breaker, monotonic_ms())));
        return;
    case BREAKER_CLOSED:
        log_event(LOG_WARN, "oss.back", NULL, LOG_TEXT("bucket", k->o->bucket));
        return;
    }
}

static void log_failure(struct course *k)
{
    const struct client_answer *http = &k->out->http;
    const struct oss_refusal *r = &k->out->refusal;
    log_event(LOG_WARN, "oss.failed", NULL, LOG_TEXT("method", k->call->method), LOG_TEXT("key", k->call->key), LOG_INT("status", http->status),
              LOG_TEXT("code", r->code), LOG_TEXT("ec", r->ec), LOG_TEXT("vendor_request_id", r->request_id),
              LOG_TEXT("error", http->problem ? http->problem : r->message), LOG_TEXT("means", error_row(k->rc)->code),
              LOG_INT("attempts", k->attempts), LOG_INT("took_ms", (clock_monotonic_us() - k->began_us) / 1000));
}

enum rc oss_ask(struct oss *o, struct arena *a, struct oss_call *call, struct oss_answer *out)
{
    struct course k = {.o = o, .a = a, .call = call, .out = out, .began_us = clock_monotonic_us()};
    begin_anew(&k);
    do {
        if (atomic_load(&o->stop) || !breaker_lets_through(&o->breaker, monotonic_ms())) {
            if (k.attempts)
                break; /* what came of them is the reason */
            keep_why(o, "对象存储暂时无法访问 / the object storage cannot be reached at the moment");
            return RC_FILES_AWAY;
        }
        k.attempts++;
        attempt(&k);
        tell_breaker(&k);
    } while (k.rc != RC_OK && goes_on(&k));
    if (k.rc != RC_OK && k.rc != RC_NOT_FOUND)
        log_failure(&k);
    return k.rc;
}
