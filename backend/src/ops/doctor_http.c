/* mms doctor asks the service, and other addresses, over HTTP (libcurl). */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "domain/permission.h"
#include "ops/doctor.h"

#define HEADERS_MAX (64 << 10)
#define CHAIN_MAX (256 << 10)

static size_t take(char *bytes, size_t one, size_t n, void *into)
{
    struct buf *out = into;
    buf_add(out, bytes, one * n);
    return out->overflow ? 0 : one * n;
}

/* One connection for all requests, so that what is measured is the service and not the way to it. */
static CURL *client(struct doctor *d)
{
    if (!d->curl) {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
            abort();
        d->curl = curl_easy_init();
        if (!d->curl)
            abort();
    }
    curl_easy_reset(d->curl);
    return d->curl;
}

static const char *whole_url(struct doctor *d, const char *url)
{
    const char *base = d->options.url;
    size_t n = strlen(base);
    return url[0] == '/' ? arena_fmt(d->arena, "%.*s%s", (int)(n && base[n - 1] == '/' ? n - 1 : n), base, url) : url;
}

static struct curl_slist *with_header(struct doctor *d, struct curl_slist *list, const char *name, const char *value)
{
    struct curl_slist *more = value ? curl_slist_append(list, arena_fmt(d->arena, "%s: %s", name, value)) : list;
    if (value && !more)
        abort();
    return more;
}

static struct curl_slist *headers_of(struct doctor *d, const struct doctor_request *r)
{
    struct curl_slist *list = NULL;
    list = with_header(d, list, "Authorization", r->token ? arena_fmt(d->arena, "Bearer %s", r->token) : NULL);
    list = with_header(d, list, "Content-Type", r->body ? (r->media ? r->media : "application/json") : NULL);
    list = with_header(d, list, "Origin", r->origin);
    return with_header(d, list, "User-Agent", "mms-doctor/" MMS_VERSION);
}

/* The certificates that were shown, as PEM, the site's own first. */
static const char *read_chain(struct doctor *d, CURL *curl)
{
    struct curl_certinfo *info = NULL;
    struct buf pem;
    buf_init(&pem, CHAIN_MAX);
    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) == CURLE_OK && info)
        for (int i = 0; i < info->num_of_certs; i++)
            for (const struct curl_slist *s = info->certinfo[i]; s; s = s->next)
                if (text_starts(s->data, "Cert:"))
                    buf_str(&pem, s->data + 5);
    const char *chain = pem.n ? arena_copy(d->arena, pem.bytes, pem.n) : NULL;
    buf_free(&pem);
    return chain;
}

static void set_up(struct doctor *d, CURL *curl, const struct doctor_request *r, const char *url)
{
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a probe may ask for /../ */
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)DOCTOR_ANSWERS_WITHIN_MS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)DOCTOR_CONNECTS_WITHIN_MS);
    curl_easy_setopt(curl, CURLOPT_CERTINFO, r->wants_certificate ? 1L : 0L);
    if (r->wants_certificate)
        curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    if (d->options.ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, d->options.ca);
    if (r->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body_n ? r->body_n : strlen(r->body)));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
    }
}

bool doctor_ask(struct doctor *d, const struct doctor_request *r, struct doctor_answer *out)
{
    CURL *curl = client(d);
    struct buf body, headers;
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;
    curl_off_t took_us = 0;
    struct curl_slist *list = headers_of(d, r);
    buf_init(&body, DOCTOR_ANSWER_MAX);
    buf_init(&headers, HEADERS_MAX);
    set_up(d, curl, r, whole_url(d, r->url));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    CURLcode code = curl_easy_perform(curl);
    *out = (struct doctor_answer){0};
    if (r->wants_certificate) /* also of an answer that was refused for its certificate */
        out->chain = read_chain(d, curl);
    if (code == CURLE_OK && curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0) {
        out->status = (int)status;
        out->body = arena_copy(d->arena, buf_text(&body), body.n);
        out->body_n = body.n;
        out->headers = arena_copy(d->arena, buf_text(&headers), headers.n);
        out->took_us = curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &took_us) == CURLE_OK ? (int64_t)took_us : 0;
        struct json_fault fault;
        out->json = json_parse(d->arena, out->body, body.n, &fault);
    } else
        out->problem = arena_dup(d->arena, why[0] ? why : curl_easy_strerror(code));
    curl_slist_free_all(list);
    buf_free(&body);
    buf_free(&headers);
    return out->status != 0;
}

bool doctor_get(struct doctor *d, const char *url, const char *token, struct doctor_answer *out)
{
    return doctor_ask(d, &(struct doctor_request){.method = "GET", .url = url, .token = token}, out);
}

bool doctor_send(struct doctor *d, const char *method, const char *url, const char *token, const char *json, struct doctor_answer *out)
{
    return doctor_ask(d, &(struct doctor_request){.method = method, .url = url, .token = token, .body = json}, out);
}

const char *doctor_header(struct doctor *d, const struct doctor_answer *a, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = a->headers; line && *line;) {
        const char *end = line + strcspn(line, "\r\n");
        if (strncasecmp(line, name, n) == 0 && line[n] == ':')
            return text_trim(d->arena, arena_copy(d->arena, line + n + 1, (size_t)(end - line) - n - 1));
        line = end + strspn(end, "\r\n");
    }
    return NULL;
}

static const char *text_of(const struct json *object, const char *name)
{
    const struct json *v = json_member(object, name);
    return v && v->type == JSON_STRING ? v->text : NULL;
}

const char *doctor_code(const struct doctor_answer *a)
{
    const char *code = text_of(a->json, "code");
    return code ? code : "";
}

const struct json *doctor_data(const struct doctor_answer *a, const char *name)
{
    return json_member(json_member(a->json, "data"), name);
}

const char *doctor_shown(struct doctor *d, const struct doctor_answer *a)
{
    if (!a->status)
        return arena_fmt(d->arena, "没有应答 / no answer (%s)", a->problem);
    return arena_fmt(d->arena, "HTTP %d%s%s", a->status, *doctor_code(a) ? " " : "", doctor_code(a));
}

/* ---------------------------------------------------------------- who asks */

static const char *from_environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static void sign_in_with_password(struct doctor *d, const char *user, const char *password)
{
    struct buf body;
    struct json_writer w;
    struct doctor_answer a;
    buf_init(&body, 4096);
    jw_init(&w, &body, false);
    jw_object(&w);
    jw_member_text(&w, "username", user);
    jw_member_text(&w, "password", password);
    jw_object_end(&w);
    doctor_send(d, "POST", "/api/auth/login", NULL, buf_text(&body), &a);
    buf_free(&body);
    const struct json *token = doctor_data(&a, "accessToken");
    d->session.is_person = true;
    if (a.status == 200 && token && token->type == JSON_STRING)
        d->session.token = token->text;
    else
        d->session.problem = arena_fmt(d->arena, "MMS_DOCTOR_USER 不能登录 / cannot sign in: %s", doctor_shown(d, &a));
}

/* What the account may do, as the service says. A service token may not ask for its account: it is then known by what it is answered. */
static void read_permissions(struct doctor *d)
{
    struct doctor_answer a;
    doctor_get(d, "/api/auth/me", d->session.token, &a);
    const struct json *list = doctor_data(&a, "permissions");
    d->session.role = a.status == 200 ? text_of(json_member(a.json, "data"), "role") : NULL;
    for (const struct json *one = list ? list->first : NULL; one; one = one->next) {
        enum permission p;
        if (one->type == JSON_STRING && permission_find(one->text, &p))
            d->session.permissions |= UINT64_C(1) << p;
    }
    if (a.status != 200 && (d->session.is_person || a.status != 403)) {
        d->session.problem = arena_fmt(d->arena, "凭据未被接受 / the credentials are not accepted: %s", doctor_shown(d, &a));
        d->session.token = NULL;
    }
}

const char *doctor_sign_in(struct doctor *d)
{
    const char *token = from_environment("MMS_DOCTOR_TOKEN"), *user = from_environment("MMS_DOCTOR_USER");
    const char *password = from_environment("MMS_DOCTOR_PASSWORD");
    if (d->session.asked)
        return d->session.token;
    d->session.asked = true;
    if (user && password)
        sign_in_with_password(d, user, password);
    else
        d->session.token = token;
    if (d->session.token)
        read_permissions(d);
    return d->session.token;
}

void doctor_sign_out(struct doctor *d)
{
    struct doctor_answer a;
    if (d->session.token && d->session.is_person)
        doctor_send(d, "POST", "/api/auth/logout", d->session.token, "{}", &a);
    if (d->curl) {
        curl_easy_cleanup(d->curl);
        curl_global_cleanup();
    }
}

void doctor_no_session(struct doctor *d)
{
    static const char mend[] = "export MMS_DOCTOR_USER=… MMS_DOCTOR_PASSWORD=…   (或 / or MMS_DOCTOR_TOKEN=mms_…)";
    if (d->session.problem)
        doctor_failed(d, mend, "%s", d->session.problem);
    else
        doctor_not_applicable(d, mend, "没有可用的账户 / no account was given to ask with");
}
