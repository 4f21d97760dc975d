/* mms doctor asks the service, and other addresses, over HTTP. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/text.h"
#include "cloud/client.h"
#include "domain/permission.h"
#include "ops/doctor.h"

#define HEADERS_MAX 5

static const char *whole_url(struct doctor *d, const char *url)
{
    const char *base = d->options.url;
    size_t n = strlen(base);
    return url[0] == '/' ? arena_fmt(d->arena, "%.*s%s", (int)(n && base[n - 1] == '/' ? n - 1 : n), base, url) : url;
}

/* "Name: value" for each that has one; ends with NULL. */
static void write_headers(struct doctor *d, const struct doctor_request *r, const char *out[static HEADERS_MAX])
{
    size_t n = 0;
    if (r->token)
        out[n++] = arena_fmt(d->arena, "Authorization: Bearer %s", r->token);
    if (r->body)
        out[n++] = arena_fmt(d->arena, "Content-Type: %s", r->media ? r->media : "application/json");
    if (r->origin)
        out[n++] = arena_fmt(d->arena, "Origin: %s", r->origin);
    out[n++] = "User-Agent: mms-doctor/" MMS_VERSION;
    out[n] = NULL;
}

/* One connection for all requests, so that what is measured is the service and not the way to it. */
bool doctor_ask(struct doctor *d, const struct doctor_request *r, struct doctor_answer *out)
{
    const char *headers[HEADERS_MAX];
    struct client_answer a;
    struct json_fault fault;
    if (!d->client)
        d->client = client_new();
    write_headers(d, r, headers);
    const struct client_request request = {
        .method = r->method,
        .url = whole_url(d, r->url),
        .headers = headers,
        .body = r->body,
        .body_n = r->body && !r->body_n ? strlen(r->body) : r->body_n,
        .answer_max = DOCTOR_ANSWER_MAX,
        .connect_ms = DOCTOR_CONNECTS_WITHIN_MS,
        .within_ms = DOCTOR_ANSWERS_WITHIN_MS,
        .ca = r->ca ? r->ca : d->options.ca,
        .wants_certificate = r->wants_certificate,
    };
    bool answered = client_ask(d->client, d->arena, &request, &a);
    *out = (struct doctor_answer){.status = a.status, .body = a.body, .body_n = a.body_n, .headers = a.headers, .chain = a.chain,
                                  .problem = a.problem, .took_us = a.took_us};
    if (answered)
        out->json = json_parse(d->arena, a.body, a.body_n, &fault);
    return answered;
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
    client_free(d->client);
}

void doctor_no_session(struct doctor *d)
{
    static const char mend[] = "export MMS_DOCTOR_USER=… MMS_DOCTOR_PASSWORD=…   (或 / or MMS_DOCTOR_TOKEN=mms_…)";
    if (d->session.problem)
        doctor_failed(d, mend, "%s", d->session.problem);
    else
        doctor_not_applicable(d, mend, "没有可用的账户 / no account was given to ask with");
}
