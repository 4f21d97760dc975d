#include "cloud/client.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"

#define HEADERS_MAX (64 << 10)
#define CHAIN_MAX (256 << 10)

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

static size_t take(char *bytes, size_t one, size_t n, void *into)
{
    struct buf *out = into;
    buf_add(out, bytes, one * n);
    return out->overflow ? 0 : one * n;
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

static void set_up(CURL *curl, const struct client_request *r)
{
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, r->url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)r->within_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, r->wants_certificate ? 1L : 0L);
    if (r->wants_certificate)
        curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    if (r->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, r->ca);
    if (r->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body_n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
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
    struct buf body, headers;
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;
    curl_off_t took_us = 0;
    struct curl_slist *list = list_of(r->headers);
    buf_init(&body, r->answer_max);
    buf_init(&headers, HEADERS_MAX);
    set_up(c->curl, r);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(c->curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(c->curl, CURLOPT_HEADERDATA, &headers);
    curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(c->curl);
    *out = (struct client_answer){.reached = was_reached(c->curl, code)};
    if (r->wants_certificate)
        out->chain = read_chain(c->curl, a);
    if (code == CURLE_OK && curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0) {
        out->status = (int)status;
        out->body = arena_copy(a, buf_text(&body), body.n);
        out->body_n = body.n;
        out->headers = arena_copy(a, buf_text(&headers), headers.n);
        out->took_us = curl_easy_getinfo(c->curl, CURLINFO_TOTAL_TIME_T, &took_us) == CURLE_OK ? (int64_t)took_us : 0;
    } else
        out->problem = arena_dup(a, why[0] ? why : curl_easy_strerror(code));
    curl_slist_free_all(list);
    buf_free(&body);
    buf_free(&headers);
    return out->status != 0;
}
