#include "cloud/oss.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cloud/oss_call.h"
#include "cloud/oss_sign.h"
#include "files/crc64.h"

#define LIST_PAGE "1000"
#define LIST_ANSWER_MAX (4 << 20)
#define DAMAGED_TRIES 3     /* of an object that came whole, but with another sum */
#define FAR_ENOUGH (64 << 10) /* bytes that make a new beginning of an attempt */

/* ---------------------------------------------------------------- the handle */

static bool on_loopback(const char *host)
{
    return text_starts(host, "127.") || text_starts(host, "localhost") || text_starts(host, "[::1]");
}

/* The vendor's own hosts have the bucket in front; a domain of one's own belongs to the bucket; on loopback (tests, tunnels) the
 * address says nothing of it, and the header does. */
static void set_addresses(struct oss *o, const char *endpoint)
{
    const char *slashes = strstr(endpoint, "://"), *host = slashes ? slashes + 3 : endpoint;
    const char *scheme = slashes ? arena_copy(&o->arena, endpoint, (size_t)(host - endpoint)) : "https://";
    host = arena_copy(&o->arena, host, strcspn(host, "/"));
    const char *bracket = strchr(host, ']'), *port = strchr(bracket ? bracket : host, ':');
    if (on_loopback(host)) {
        o->base = arena_fmt(&o->arena, "%s%s", scheme, host);
        o->public_base = arena_fmt(&o->arena, "%slocalhost%s/%s", scheme, port ? port : "", o->bucket);
        o->host_line = arena_fmt(&o->arena, "host: %s.oss-%s.aliyuncs.com", o->bucket, o->region);
        return;
    }
    bool is_vendors = strstr(host, ".aliyuncs.com") != NULL;
    const char *in_front = arena_fmt(&o->arena, "%s.", o->bucket), *inner = is_vendors ? strstr(host, "-internal.") : NULL;
    if (!is_vendors || text_starts(host, in_front)) /* the vendor's console also shows the bucket's own host */
        in_front = "";
    o->base = arena_fmt(&o->arena, "%s%s%s", scheme, in_front, host);
    o->public_base = inner ? arena_fmt(&o->arena, "%s%s%.*s%s", scheme, in_front, (int)(inner - host), host, inner + strlen("-internal")) : o->base;
}

struct oss *oss_open(const struct oss_config *config)
{
    struct oss *o = calloc(1, sizeof *o);
    if (!o)
        abort();
    arena_init(&o->arena);
    o->bucket = arena_dup(&o->arena, config->bucket);
    o->region = arena_dup(&o->arena, config->region);
    o->ca = arena_dup(&o->arena, config->ca);
    o->credentials = config->credentials;
    o->refused = config->refused;
    o->release = config->release;
    o->credentials_arg = config->credentials_arg;
    set_addresses(o, config->endpoint);
    breaker_init(&o->breaker, config->is_patient);
    pthread_mutex_init(&o->lock, NULL);
    return o;
}

void oss_close(struct oss *o)
{
    if (!o)
        return;
    if (o->release)
        o->release(o->credentials_arg);
    while (o->client_count)
        client_free(o->clients[--o->client_count]);
    breaker_end(&o->breaker);
    pthread_mutex_destroy(&o->lock);
    arena_free(&o->arena);
    free(o);
}

void oss_stop(struct oss *o)
{
    atomic_store(&o->stop, true);
}

void oss_state(struct oss *o, struct files_state *out)
{
    out->outages = breaker_opened(&o->breaker, &out->is_away);
}

void oss_why(struct oss *o, struct buf *out)
{
    pthread_mutex_lock(&o->lock);
    buf_str(out, o->why);
    pthread_mutex_unlock(&o->lock);
}

/* ---------------------------------------------------------------- get */

struct getting {
    const struct files_sink *to;
    int64_t at, told_at; /* bytes that were handed on; by the attempts before */
    uint64_t crc, theirs;
};

static bool hand_on(void *arg, const void *bytes, size_t n)
{
    struct getting *g = arg;
    if (!g->to->write(g->to->arg, bytes, n))
        return false;
    g->crc = crc64(g->crc, bytes, n);
    g->at += (int64_t)n;
    return true;
}

static enum rc note_sum(void *arg, struct arena *a, const struct client_answer *answer)
{
    struct getting *g = arg;
    return oss_read_crc(a, answer, &g->theirs) ? RC_OK : RC_FILES_BROKEN;
}

/* From where it was cut: what is under a key never changes. */
static bool go_on_behind(void *arg, struct arena *a, struct oss_call *call, bool *moved)
{
    struct getting *g = arg;
    *moved = g->at - g->told_at >= FAR_ENOUGH;
    g->told_at = g->at;
    call->headers.n = 0;
    if (g->at)
        sign_add(a, &call->headers, "range", arena_fmt(a, "bytes=%lld-", (long long)g->at));
    return true;
}

static enum rc get_once(struct oss *o, const char *key, const struct files_sink *sink)
{
    struct arena a;
    struct getting g = {.to = sink};
    const struct files_sink through = {.write = hand_on, .arg = &g};
    struct oss_call call = {.method = "GET", .key = key, .take = &through, .again = go_on_behind, .check = note_sum, .arg = &g};
    struct oss_answer answer;
    struct files_fact fact;
    arena_init(&a);
    enum rc rc = oss_ask(o, &a, &call, &answer);
    if (rc == RC_OK && g.told_at) { /* put together from several answers */
        rc = oss_head(o, key, &fact);
        g.theirs = fact.crc;
    }
    if (rc == RC_OK && g.theirs != g.crc)
        rc = oss_broken(o, &a, &call, &answer);
    arena_free(&a);
    return rc;
}

enum rc oss_get(struct oss *o, const char *key, const struct files_sink *sink)
{
    enum rc rc = get_once(o, key, sink);
    for (int i = 1; i < DAMAGED_TRIES && rc == RC_FILES_BROKEN && sink->restart && sink->restart(sink->arg); i++)
        rc = get_once(o, key, sink);
    if (rc == RC_FILES_BROKEN)
        log_event(LOG_WARN, "oss.damaged", NULL, LOG_TEXT("key", key));
    return rc;
}

/* ---------------------------------------------------------------- head, delete */

static bool read_fact(struct arena *a, const struct client_answer *answer, struct files_fact *out)
{
    const char *length = client_header(a, answer, "Content-Length"), *changed = client_header(a, answer, "Last-Modified");
    return length && text_int(length, 0, INT64_MAX, &out->bytes) && changed && client_date(changed, &out->changed_ms) &&
           oss_read_crc(a, answer, &out->crc);
}

/* Without them somebody else answers, or takes headers away. */
static enum rc note_fact(void *arg, struct arena *a, const struct client_answer *answer)
{
    return read_fact(a, answer, arg) ? RC_OK : RC_FILES_BROKEN;
}

enum rc oss_head(struct oss *o, const char *key, struct files_fact *out)
{
    struct arena a;
    struct files_fact fact;
    struct oss_call call = {.method = "HEAD", .key = key, .check = note_fact, .arg = &fact};
    struct oss_answer answer;
    arena_init(&a);
    enum rc rc = oss_ask(o, &a, &call, &answer);
    if (rc == RC_OK)
        *out = fact;
    arena_free(&a);
    return rc;
}

enum rc oss_delete(struct oss *o, const char *key)
{
    struct arena a;
    struct oss_call call = {.method = "DELETE", .key = key};
    struct oss_answer answer;
    arena_init(&a);
    enum rc rc = oss_ask(o, &a, &call, &answer);
    arena_free(&a);
    return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* ---------------------------------------------------------------- list */

static enum rc read_one_page(struct oss *o, struct arena *a, const char *prefix, struct oss_page *page)
{
    struct oss_call call = {.method = "GET", .answer_max = LIST_ANSWER_MAX};
    struct oss_answer answer;
    sign_add(a, &call.query, "list-type", "2");
    sign_add(a, &call.query, "prefix", prefix);
    sign_add(a, &call.query, "max-keys", LIST_PAGE);
    sign_add(a, &call.query, "encoding-type", "url");
    if (page->next)
        sign_add(a, &call.query, "continuation-token", page->next);
    enum rc rc = oss_ask(o, a, &call, &answer);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_FILES_REFUSED : rc;
    return oss_read_page(a, answer.http.body, answer.http.body_n, page) ? RC_OK : oss_broken(o, a, &call, &answer);
}

enum rc oss_list(struct oss *o, const char *prefix, void (*found)(void *arg, const char *key, int64_t bytes, int64_t changed_ms), void *arg)
{
    struct arena pages[2]; /* the token of one page is needed for the next */
    struct oss_page page = {.found = found, .arg = arg};
    enum rc rc;
    int turn = 0;
    arena_init(&pages[0]);
    arena_init(&pages[1]);
    do {
        const char *asked = page.next;
        arena_reset(&pages[turn]);
        rc = read_one_page(o, &pages[turn], prefix, &page);
        if (rc == RC_OK && page.is_cut && asked && strcmp(page.next, asked) == 0)
            rc = RC_FILES_BROKEN; /* it would go round for ever */
        turn = !turn;
    } while (rc == RC_OK && page.is_cut);
    arena_free(&pages[0]);
    arena_free(&pages[1]);
    return rc;
}

/* ---------------------------------------------------------------- for others */

bool oss_address(struct oss *o, const char *key, const char *disposition, const char *media, int seconds, struct buf *out)
{
    struct arena a;
    struct cloud_key who;
    struct oss_signed made;
    const char *why;
    struct sign_pairs query = {0};
    arena_init(&a);
    if (disposition)
        sign_add(&a, &query, "response-content-disposition", disposition);
    if (media)
        sign_add(&a, &query, "response-content-type", media);
    const struct oss_request r = {.method = "GET", .region = o->region, .bucket = o->bucket, .key = key, .query = query.at,
                                  .query_n = query.n, .at_ms = oss_now_ms(o)};
    bool is_made = o->credentials(o->credentials_arg, &a, &who, &why) && oss_presign(&a, &who, &r, seconds, &made);
    if (is_made)
        buf_fmt(out, "%s%s", o->public_base, made.target);
    arena_free(&a);
    return is_made;
}

const char *oss_address_of_bucket(const struct oss *o)
{
    return o->base;
}

struct looking {
    struct arena *arena;
    struct oss_bucket *out;
};

static void take_fact(void *arg, const char *around, const char *name, const char *text)
{
    const struct looking *l = arg;
    const struct {
        const char *around, *name, **to;
    } wanted[] = {{"AccessControlList", "Grant", &l->out->acl},
                  {"Bucket", "Location", &l->out->location},
                  {"Bucket", "Versioning", &l->out->versioning},
                  {"Bucket", "BlockPublicAccess", &l->out->blocked}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (strcmp(around, wanted[i].around) == 0 && strcmp(name, wanted[i].name) == 0)
            *wanted[i].to = arena_dup(l->arena, text);
}

enum rc oss_look_at_bucket(struct oss *o, struct arena *a, struct oss_bucket *out)
{
    struct oss_call call = {.method = "GET"};
    struct oss_answer answer;
    struct looking l = {a, out};
    *out = (struct oss_bucket){"", "", "", ""};
    sign_add(a, &call.query, "bucketInfo", NULL);
    enum rc rc = oss_ask(o, a, &call, &answer);
    if (rc != RC_OK)
        return rc == RC_NOT_FOUND ? RC_FILES_REFUSED : rc;
    return oss_xml_read(answer.http.body, answer.http.body_n, take_fact, &l) ? RC_OK : oss_broken(o, a, &call, &answer);
}

int oss_status_for_anybody(struct oss *o, const char *key)
{
    struct arena a;
    struct oss_call call = {.method = "GET", .key = key, .is_anonymous = true};
    struct oss_answer answer = {0};
    arena_init(&a);
    enum rc rc = oss_ask(o, &a, &call, &answer);
    int status = answer.http.status;
    arena_free(&a);
    return rc == RC_OK || status ? status : 0;
}
