#include "cloud/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

#define HEADERS_MAX (64 << 10)
#define CHAIN_MAX (256 << 10)
#define STREAM_BUFFER (256L << 10)
#define MIB (INT64_C(1) << 20)

struct client {
    CURL *curl;
};

struct client *client_new(void)
{
    struct client *c = malloc(sizeof *c);
    if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(c->curl = curl_easy_init()))
        abort();
    return c;
}

void client_free(struct client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->curl);
    curl_global_cleanup();
    free(c);
}

/* A request on its way. */
struct asking {
    CURL *curl;
    const struct client_request *r;
    struct buf body, headers;
    int64_t sent, began_us;
    enum client_fault fault; /* what we ended it for */
    int why_errno;
};

static size_t end_for(struct asking *k, enum client_fault fault, size_t result)
{
    k->fault = fault;
    k->why_errno = errno;
    return result;
}

static size_t take_body(char *bytes, size_t one, size_t n, void *arg)
{
    struct asking *k = arg;
    long status = 0;
    n *= one;
    curl_easy_getinfo(k->curl, CURLINFO_RESPONSE_CODE, &status);
    bool is_refusal = status < 200 || status >= 300;
    if (k->r->take && !is_refusal)
        return k->r->take->write(k->r->take->arg, bytes, n) ? n : end_for(k, CLIENT_NOT_TAKEN, 0);
    if (is_refusal) { /* the beginning will do: what a proxy says has any length */
        size_t room = k->r->answer_max - k->body.n;
        buf_add(&k->body, bytes, n < room ? n : room);
        return n;
    }
    buf_add(&k->body, bytes, n);
    return k->body.overflow ? end_for(k, CLIENT_OTHER, 0) : n;
}

/* Those of the last answer: one that only says "go on" may come before it. */
static size_t take_header(char *bytes, size_t one, size_t n, void *arg)
{
    struct asking *k = arg;
    n *= one;
    if (n > 5 && memcmp(bytes, "HTTP/", 5) == 0)
        buf_reset(&k->headers);
    buf_add(&k->headers, bytes, n);
    return k->headers.overflow ? end_for(k, CLIENT_OTHER, 0) : n;
}

static size_t give_body(char *into, size_t one, size_t n, void *arg)
{
    struct asking *k = arg;
    const struct files_source *from = k->r->upload;
    int64_t left = from->bytes - k->sent;
    n *= one;
    if ((int64_t)n > left)
        n = (size_t)left;
    if (n && !from->read(from->arg, k->sent, into, n))
        return end_for(k, CLIENT_NOT_READ, CURL_READFUNC_ABORT);
    k->sent += (int64_t)n;
    return n;
}

/* A connection that was kept may turn out to be gone: curl then begins again, on a new one. */
static int give_again(void *arg, curl_off_t at, int from)
{
    struct asking *k = arg;
    if (from != SEEK_SET || at < 0 || at > k->r->upload->bytes)
        return CURL_SEEKFUNC_FAIL;
    k->sent = at;
    return CURL_SEEKFUNC_OK;
}

static int look_at_time(void *arg, curl_off_t down, curl_off_t down_now, curl_off_t up, curl_off_t up_now)
{
    struct asking *k = arg;
    (void)down_now;
    (void)up_now;
    if (k->r->stop && atomic_load(k->r->stop))
        return (int)end_for(k, CLIENT_STOPPED, 1);
    int64_t most_ms = k->r->within_ms + ((int64_t)down + (int64_t)up) / MIB * k->r->per_mib_ms;
    if (k->r->per_mib_ms && clock_monotonic_us() - k->began_us > most_ms * 1000)
        return (int)end_for(k, CLIENT_BROKEN, 1);
    return 0;
}

static struct curl_slist *list_of(const char *const *headers)
{
    struct curl_slist *list = NULL;
    for (; headers && *headers; headers++) {
        struct curl_slist *more = curl_slist_append(list, *headers);
        if (!more)
            abort();
        list = more;
    }
    return list;
}

static const char *read_chain(CURL *curl, struct arena *a)
{
    struct curl_certinfo *info = NULL;
    struct buf pem;
    buf_init(&pem, CHAIN_MAX);
    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) == CURLE_OK && info)
        for (int i = 0; i < info->num_of_certs; i++)
            for (const struct curl_slist *s = info->certinfo[i]; s; s = s->next)
                if (text_starts(s->data, "Cert:"))
                    buf_str(&pem, s->data + 5);
    const char *chain = pem.n ? arena_copy(a, pem.bytes, pem.n) : NULL;
    buf_free(&pem);
    return chain;
}

static void set_bodies(CURL *curl, struct asking *k)
{
    const struct client_request *r = k->r;
    if (strcmp(r->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (r->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
    }
    if (r->upload) {
        curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->upload->bytes);
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(curl, CURLOPT_READDATA, k);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, give_again);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, k);
        curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, STREAM_BUFFER);
    }
    if (r->take)
        curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, STREAM_BUFFER);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, k);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, k);
}

static void set_times(CURL *curl, struct asking *k)
{
    const struct client_request *r = k->r;
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
    if (!r->per_mib_ms)
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)r->within_ms);
    if (r->idle_s) {
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)r->idle_s);
    }
    if (r->per_mib_ms || r->stop) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_time);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, k);
    }
}

static void set_up(CURL *curl, struct asking *k)
{
    const struct client_request *r = k->r;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, r->url);
    set_bodies(curl, k);
    set_times(curl, k);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L); /* a name that is still being looked up is not waited for */
    curl_easy_setopt(curl, CURLOPT_CERTINFO, r->wants_certificate ? 1L : 0L);
    if (r->wants_certificate)
        curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    if (r->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, r->ca);
}

static enum client_fault fault_of(const struct asking *k, CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
        return CLIENT_FINE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return CLIENT_UNTRUSTED;
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_WRITE_ERROR:
        return k->fault ? k->fault : CLIENT_OTHER;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return CLIENT_OTHER;
    default: /* what is between the two of us: names, connections, times */
        return CLIENT_BROKEN;
    }
}

static bool was_reached(CURL *curl, CURLcode code)
{
    curl_off_t connected_us = 0;
    curl_easy_getinfo(curl, CURLINFO_CONNECT_TIME_T, &connected_us);
    return code == CURLE_OK || (connected_us > 0 && code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST);
}

bool client_ask(struct client *c, struct arena *a, const struct client_request *r, struct client_answer *out)
{
    struct asking k = {.curl = c->curl, .r = r, .began_us = clock_monotonic_us()};
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;
    curl_off_t took_us = 0;
    struct curl_slist *list = list_of(r->headers);
    buf_init(&k.body, r->answer_max);
    buf_init(&k.headers, HEADERS_MAX);
    set_up(c->curl, &k);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(c->curl);
    *out = (struct client_answer){.fault = fault_of(&k, code), .why_errno = k.why_errno, .reached = was_reached(c->curl, code)};
    if (r->wants_certificate)
        out->chain = read_chain(c->curl, a);
    if (code == CURLE_OK && curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0) {
        out->status = (int)status;
        out->body = arena_copy(a, buf_text(&k.body), k.body.n);
        out->body_n = k.body.n;
        out->headers = arena_copy(a, buf_text(&k.headers), k.headers.n);
        out->took_us = curl_easy_getinfo(c->curl, CURLINFO_TOTAL_TIME_T, &took_us) == CURLE_OK ? (int64_t)took_us : 0;
    } else
        out->problem = k.fault == CLIENT_OTHER ? "the answer is too long" : arena_dup(a, why[0] ? why : curl_easy_strerror(code));
    curl_slist_free_all(list);
    buf_free(&k.body);
    buf_free(&k.headers);
    return out->status != 0;
}

const char *client_header(struct arena *a, const struct client_answer *answer, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = answer->headers; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncasecmp(line, name, n) == 0 && line[n] == ':')
            return text_trim(a, arena_copy(a, line + n + 1, strcspn(line + n + 1, "\r\n")));
    return NULL;
}

bool client_date(const char *text, int64_t *ms)
{
    time_t seconds = curl_getdate(text, NULL);
    if (seconds == -1)
        return false;
    *ms = (int64_t)seconds * 1000;
    return true;
}
