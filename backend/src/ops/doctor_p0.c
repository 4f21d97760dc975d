/* mms doctor, the pre.p0 lines: the defects of the older system that were worst, each tried on what runs here. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "crypto/password.h"
#include "crypto/token.h"
#include "domain/route.h"
#include "domain/throttle.h"
#include "ops/doctor.h"

#define ADMINISTRATORS_MAX 50

/* None of this is so in this program: something else answers, or stands between. */
static const char other_program[] = "确认应答的是本程序 / see that it is this program that answers: mms version; curl URL/api/health";

/* ---------------------------------------------------------------- the signing key */

/* What stood as the key, or as an example of one, in the older system and its papers. */
static const char *const known_secrets[] = {"test-secret-key", "dev-secret-key-change-in-production", "your-secret-key", "your-jwt-secret",
                                            "your_jwt_secret_key", "mms-secret-key", "secret", "jwt-secret", "changeme"};

static const char make_secret[] = "openssl rand -base64 48   (写入 .env 的 JWT_SECRET / as JWT_SECRET into .env)";

static const char *well_known_signer(const char *token)
{
    struct access_claims claims;
    for (size_t i = 0; i < sizeof known_secrets / sizeof *known_secrets; i++)
        if (access_token_verify(known_secrets[i], token, clock_now_ms() / 1000, &claims))
            return known_secrets[i];
    return NULL;
}

/* The same token under another signature, and under none ("alg": "none"). */
static const char *with_signature(struct doctor *d, const char *token, bool none)
{
    const char *payload = strchr(token, '.'), *end = strrchr(token, '.');
    char other[TOKEN_RANDOM_MAX];
    token_random(other);
    if (none)
        return arena_fmt(d->arena, "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0%.*s.", (int)(end - payload), payload);
    return arena_fmt(d->arena, "%.*s.%s", (int)(end - token), token, other);
}

static bool takes_forged(struct doctor *d, bool none)
{
    struct doctor_answer a;
    doctor_get(d, "/api/auth/me", with_signature(d, d->session.token, none), &a);
    return a.status != 401;
}

/* While the secret changes, the one before signs for a while. */
static bool is_signed_by_previous(const char *token)
{
    struct access_claims claims;
    const char *previous = getenv("JWT_SECRET_PREVIOUS");
    return previous && access_token_verify(previous, token, clock_now_ms() / 1000, &claims);
}

/* Of a person who is signed in, the token itself is looked at. */
static void look_at_token(struct doctor *d, const char *secret)
{
    struct access_claims claims;
    const char *token = d->session.token;
    const char *well_known = well_known_signer(token);
    if (well_known)
        doctor_failed(d, make_secret, "服务使用众所周知的密钥签名 / the service signs with a well-known key: %s", well_known);
    else if (secret && !access_token_verify(secret, token, clock_now_ms() / 1000, &claims) && !is_signed_by_previous(token))
        doctor_failed(d, "set -a; . ./.env; set +a", "运行中的服务使用的不是此处的 JWT_SECRET / the running service signs with another key than the JWT_SECRET here");
    else if (takes_forged(d, false) || takes_forged(d, true))
        doctor_failed(d, other_program, "伪造的令牌没有被拒绝 / a forged token is not refused");
    else if (!secret)
        doctor_ok(d, "来自 SECRET_SOURCE；伪造签名与 alg=none 均被拒绝 / from SECRET_SOURCE; forged tokens and alg none are refused");
    else
        doctor_ok(d, "%zu 字节；令牌由它签名，伪造签名与 alg=none 均被拒绝 / %zu bytes; it signs the tokens, forged ones and alg none are refused", strlen(secret),
                  strlen(secret));
}

void doctor_p0_secret(struct doctor *d)
{
    const char *secret = getenv("JWT_SECRET");
    for (const struct field_fault *f = d->faults ? d->faults->faults : NULL; f; f = f->next)
        if (text_equal(f->field, "JWT_SECRET")) {
            doctor_failed(d, make_secret, "JWT_SECRET: %s / %s", f->zh, f->en);
            return;
        }
    if (doctor_sign_in(d) && d->session.is_person)
        look_at_token(d, secret);
    else if (!secret)
        doctor_not_applicable(d, "MMS_ADMIN=… MMS_ADMIN_PASSWORD=…", "此处没有 JWT_SECRET（SECRET_SOURCE 指向别处），登录后可检查令牌 / no JWT_SECRET here (SECRET_SOURCE names another place): with a sign-in the token is looked at");
    else
        doctor_ok(d, "JWT_SECRET: %zu 字节，不是示例值 / %zu bytes, no known sample", strlen(secret), strlen(secret));
}

/* ---------------------------------------------------------------- well-known passwords */

static const char *const known_passwords[] = {"admin123", "admin", "123456", "12345678", "password", "admin888", "Admin@123", "admin1234"};

static const struct sql sql_administrators = {
    "doctor.administrators",
    "SELECT username, password_hash FROM users WHERE role = 'system_admin' AND status = 'active' ORDER BY id LIMIT $1"};

struct account {
    const char *name, *hash;
};

struct administrators {
    struct account list[ADMINISTRATORS_MAX];
    size_t count;
};

static enum rc read_administrators(struct ctx *c, void *arg)
{
    struct administrators *all = arg;
    bool more;
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, &sql_administrators, DB_ARGS(DB_I(ADMINISTRATORS_MAX)), &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        all->list[all->count++] = (struct account){arena_dup(c->arena, db_text(rows, "username")), arena_dup(c->arena, db_text(rows, "password_hash"))};
    }
}

static bool has_known_password(const struct account *one)
{
    for (size_t i = 0; i < sizeof known_passwords / sizeof *known_passwords; i++)
        if (password_matches(known_passwords[i], one->hash))
            return true;
    return password_matches(one->name, one->hash);
}

/* At the hashes and not by signing in: passwords of the older system come over with its data, and no account is locked by looking. */
void doctor_p0_default_accounts(struct doctor *d)
{
    struct administrators *all = arena_new(d->arena, struct administrators);
    if (!doctor_read(d, read_administrators, all))
        return;
    for (size_t i = 0; i < all->count; i++)
        if (has_known_password(&all->list[i])) {
            doctor_failed(d, arena_fmt(d->arena, "mms user set-password %s", all->list[i].name), "众所周知的密码 / a well-known password: %s",
                          all->list[i].name);
            return;
        }
    if (all->count == 0)
        doctor_failed(d, "mms user add", "没有可登录的系统管理员 / there is no active administrator");
    else
        doctor_ok(d, "%zu 名管理员，各试 %zu 个密码 / administrators, each tried with %zu passwords", all->count,
                  sizeof known_passwords / sizeof *known_passwords + 1, sizeof known_passwords / sizeof *known_passwords + 1);
}

/* ---------------------------------------------------------------- who may do what */

void doctor_p0_registration(struct doctor *d)
{
    struct doctor_answer a;
    char name[TOKEN_RANDOM_MAX];
    token_random(name);
    doctor_send(d, "POST", "/api/auth/register", NULL,
                arena_fmt(d->arena, "{\"username\":\"doctor_%.16s\",\"password\":\"Doctor-%.20s-1\",\"role\":\"system_admin\"}", name, name + 16), &a);
    if (a.status == 403 && text_equal(doctor_code(&a), "registration_closed"))
        doctor_ok(d, "POST /api/auth/register: %s", doctor_shown(d, &a));
    else
        doctor_failed(d, a.status == 201 ? arena_fmt(d->arena, "mms user disable doctor_%.16s", name) : other_program, "POST /api/auth/register: %s",
                      doctor_shown(d, &a));
}

/* "/api/users/:id" -> "/api/users/0": nothing has that name, whatever is let through. */
static const char *with_nobody(struct doctor *d, const char *path)
{
    struct buf out;
    buf_init(&out, 4096);
    for (const char *p = path; *p;)
        if (*p == ':') {
            buf_char(&out, '0');
            p += strcspn(p, "/");
        } else
            buf_char(&out, *p++);
    const char *text = arena_dup(d->arena, buf_text(&out));
    buf_free(&out);
    return text;
}

/* Asks for the route as nobody in particular, or with the token; what an upload sends is no form with anything in it. */
static void try_route(struct doctor *d, const struct http_route *route, const char *token, struct doctor_answer *a)
{
    bool has_body = text_equal(route->method, "POST") || text_equal(route->method, "PUT");
    struct doctor_request r = {.method = route->method, .url = with_nobody(d, route->path), .token = token, .body = has_body ? "{}" : NULL};
    if (route->is_upload) {
        r.media = "multipart/form-data; boundary=doctor";
        r.body = "--doctor--\r\n";
    }
    doctor_ask(d, &r, a);
}

void doctor_p0_signed_in(struct doctor *d)
{
    size_t count = 0;
    struct doctor_answer a;
    for (size_t i = 0; i < module_count; i++)
        for (size_t k = 0; k < modules[i]->route_count; k++) {
            const struct route *route = &modules[i]->routes[k];
            if (route->permission == PERM_OPEN)
                continue;
            try_route(d, &route->http, NULL, &a);
            if (a.status != 401) {
                doctor_failed(d, other_program, "%s %s: %s", route->http.method, route->http.path, doctor_shown(d, &a));
                return;
            }
            count++;
        }
    doctor_ok(d, "%zu 个接口均答 401 / calls, each answered 401", count);
}

static bool signed_in(struct doctor *d)
{
    if (doctor_sign_in(d))
        return true;
    doctor_no_session(d);
    return false;
}

/* For what only a person may ask: a service token has no account of its own. */
static bool signed_in_as_person(struct doctor *d)
{
    if (!signed_in(d))
        return false;
    if (!d->session.is_person)
        doctor_not_applicable(d, "export MMS_DOCTOR_USER=… MMS_DOCTOR_PASSWORD=…", "服务令牌不能查看此项 / a service token cannot look at this");
    return d->session.is_person;
}

void doctor_p0_roles(struct doctor *d)
{
    size_t count = 0;
    struct doctor_answer a;
    if (!signed_in_as_person(d))
        return;
    for (size_t i = 0; i < module_count; i++)
        for (size_t k = 0; k < modules[i]->route_count; k++) {
            const struct route *route = &modules[i]->routes[k];
            if (route->permission <= PERM_SIGNED_IN || set_permits(d->session.permissions, route->permission))
                continue;
            try_route(d, &route->http, d->session.token, &a);
            if (a.status != 403 || !text_equal(doctor_code(&a), "permission_missing")) {
                doctor_failed(d, "mms user list", "%s %s (%s): %s", route->http.method, route->http.path, d->session.role, doctor_shown(d, &a));
                return;
            }
            count++;
        }
    if (count)
        doctor_ok(d, "%s：%zu 个接口均答 403 / calls, each answered 403", d->session.role, count);
    else
        doctor_not_applicable(d, "export MMS_DOCTOR_USER=…", "此账户什么都可以做，请用权限较少的账户查看 / this account may do everything: give one that may not");
}

void doctor_p0_raw_rows(struct doctor *d)
{
    static const char *const methods[] = {"PUT", "DELETE"};
    struct doctor_answer a;
    if (!signed_in(d))
        return;
    for (size_t i = 0; i < 2; i++) {
        doctor_send(d, methods[i], "/api/admin/database/table/users/row/0", d->session.token, i ? NULL : "{\"role\":\"system_admin\"}", &a);
        if (a.status == 403 && text_equal(doctor_code(&a), "permission_missing")) {
            doctor_not_applicable(d, "export MMS_DOCTOR_USER=…", "须用管理员账户查看 / needs an administrator's account");
            return;
        }
        if (a.status != 403 || !text_equal(doctor_code(&a), "raw_edit")) {
            doctor_failed(d, other_program, "%s /api/admin/database/table/users/row/0: %s", methods[i], doctor_shown(d, &a));
            return;
        }
    }
    doctor_ok(d, "PUT, DELETE: %s", doctor_shown(d, &a));
}

/* ---------------------------------------------------------------- what is sent in */

static bool count_of(const struct doctor_answer *a, int64_t *n)
{
    const struct json *total = doctor_data(a, "total");
    return a->status == 200 && total && json_to_int(total, n);
}

/* In a search, where the text is compared, and as the name of a column, where it could not be bound. */
static void inject_into_lists(struct doctor *d)
{
    struct doctor_answer all, found, sorted;
    int64_t total = 0, hits = 0;
    doctor_get(d, "/api/materials?pageSize=1", d->session.token, &all);
    doctor_get(d, "/api/materials?pageSize=1&keyword=zzqq%27%20OR%20%271%27%3D%271%27%20--%20", d->session.token, &found);
    doctor_get(d, "/api/materials?pageSize=1&sort=id%3BDROP%20TABLE%20users", d->session.token, &sorted);
    if (all.status == 403)
        doctor_not_applicable(d, "export MMS_DOCTOR_USER=…", "此账户不能读取物料 / this account may not read materials: %s", doctor_shown(d, &all));
    else if (!count_of(&all, &total) || !count_of(&found, &hits))
        doctor_failed(d, other_program, "GET /api/materials: %s; %s", doctor_shown(d, &all), doctor_shown(d, &found));
    else if (total == 0)
        doctor_not_applicable(d, "mms demo", "还没有物料，搜索证明不了什么 / there is no material yet, so that a search proves nothing");
    else if (hits > 0)
        doctor_failed(d, other_program, "' OR '1'='1' -- 找到了 %lld 条物料 / finds materials (%lld)", (long long)hits, (long long)hits);
    else if (sorted.status != 400)
        doctor_failed(d, other_program, "sort=id;DROP TABLE users: %s", doctor_shown(d, &sorted));
    else
        doctor_ok(d, "登录 401；搜索 0 / %lld 条；排序 400 / sign-in 401, search 0 of %lld, sort 400", (long long)total, (long long)total);
}

void doctor_p0_injection(struct doctor *d)
{
    struct doctor_answer a;
    char random[TOKEN_RANDOM_MAX];
    token_random(random); /* one name for ever would be throttled by and by */
    doctor_send(d, "POST", "/api/auth/login", NULL,
                arena_fmt(d->arena, "{\"username\":\"' OR '1'='1' -- %.12s\",\"password\":\"' OR '1'='1\"}", random), &a);
    if (a.status != 401 && a.status != 400)
        doctor_failed(d, a.status == 429 ? "15 分钟后再试 / again in 15 minutes" : other_program, "POST /api/auth/login: %s", doctor_shown(d, &a));
    else if (signed_in(d))
        inject_into_lists(d);
}

static bool upload_is_refused(struct doctor *d, const char *name, const char *media, const char *bytes, struct doctor_answer *a)
{
    const char *body = arena_fmt(d->arena,
                                 "--doctor\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"%s\"\r\nContent-Type: %s\r\n\r\n%s\r\n"
                                 "--doctor--\r\n",
                                 name, media, bytes);
    doctor_ask(d, &(struct doctor_request){.method = "POST", .url = "/api/profile/avatar", .token = d->session.token, .body = body,
                                           .media = "multipart/form-data; boundary=doctor"}, a);
    return a->status == 400 && text_starts(doctor_code(a), "picture_");
}

void doctor_p0_upload(struct doctor *d)
{
    static const char *const files[][3] = {
        {"shell.php", "application/x-php", "<?php system($_GET['c']); ?>"},
        {"page.png", "image/png", "<html><script>alert(1)</script></html>"},
        {"picture.svg", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"},
        {"tail.gif", "image/gif", "GIF89a<?php system($_GET['c']); ?>"},
    };
    struct doctor_answer a;
    if (!signed_in_as_person(d))
        return;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!upload_is_refused(d, files[i][0], files[i][1], files[i][2], &a)) {
            doctor_failed(d, a.status == 200 ? "DELETE /api/profile/avatar" : other_program, "%s: %s", files[i][0], doctor_shown(d, &a));
            return;
        }
    doctor_ok(d, "PHP、HTML、SVG、伪装的 GIF 均被拒绝 / PHP, HTML, SVG and a GIF that is none, each refused");
}

void doctor_p0_paths(struct doctor *d)
{
    static const char *const paths[] = {"/uploads/avatars/../../../../../../etc/passwd", "/uploads/avatars/..%2f..%2f..%2f..%2fetc%2fpasswd",
                                        "/api/uploads/avatars/%2e%2e/%2e%2e/mms.db", "/../../../../etc/passwd", "/assets/..%2f..%2f.env",
                                        "/uploads/avatars/..%5c..%5cmms.db"};
    struct doctor_answer a;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        doctor_get(d, paths[i], NULL, &a);
        bool leaks = a.status == 200 && (memmem(a.body, a.body_n, "root:", 5) || memmem(a.body, a.body_n, "SQLite format 3", 15) ||
                                         memmem(a.body, a.body_n, "JWT_SECRET", 10));
        if (leaks || a.status == 0 || a.status >= 500) {
            doctor_failed(d, leaks ? other_program : other_program, "GET %s: %s", paths[i], doctor_shown(d, &a));
            return;
        }
    }
    doctor_ok(d, "%zu 条越界路径均未给出文件 / paths that lead outside, none gives a file", sizeof paths / sizeof *paths);
}

/* By a name that nobody has, so that nobody is locked out; the service does not let on that there is no such name. */
void doctor_p0_guessing(struct doctor *d)
{
    char name[TOKEN_RANDOM_MAX];
    struct doctor_answer a;
    token_random(name);
    for (int tries = 1; tries <= THROTTLE_PAIR_MAX + 1; tries++) {
        doctor_send(d, "POST", "/api/auth/login", NULL,
                    arena_fmt(d->arena, "{\"username\":\"doctor_%.24s\",\"password\":\"Wrong-Password-%d\"}", name, tries), &a);
        if (a.status == 429 && doctor_header(d, &a, "retry-after")) {
            doctor_ok(d, "第 %d 次尝试 / attempt %d: %s", tries, tries, doctor_shown(d, &a));
            return;
        }
        if (a.status != 401)
            break;
    }
    doctor_failed(d, other_program, "错误密码 %d 次后 / after %d wrong passwords: %s", THROTTLE_PAIR_MAX + 1, THROTTLE_PAIR_MAX + 1, doctor_shown(d, &a));
}

/* ---------------------------------------------------------------- what is sent out */

void doctor_p0_origins(struct doctor *d)
{
    static const char elsewhere[] = "https://elsewhere.invalid";
    struct doctor_answer plain, asked;
    doctor_ask(d, &(struct doctor_request){.method = "GET", .url = "/api/health", .origin = elsewhere}, &plain);
    doctor_ask(d, &(struct doctor_request){.method = "OPTIONS", .url = "/api/materials", .origin = elsewhere}, &asked);
    const char *allowed = doctor_header(d, &plain, "access-control-allow-origin");
    if (!allowed)
        allowed = doctor_header(d, &asked, "access-control-allow-origin");
    if (!plain.status || !asked.status)
        doctor_failed(d, other_program, "%s", doctor_shown(d, &plain));
    else if (allowed)
        doctor_failed(d, "CORS_ORIGIN=https://… (不用 * / not *)", "Access-Control-Allow-Origin: %s", allowed);
    else
        doctor_ok(d, "对 %s 没有 Access-Control-Allow-Origin / none for it", elsewhere);
}

void doctor_p0_headers(struct doctor *d)
{
    struct doctor_answer api, page;
    doctor_get(d, "/api/health", NULL, &api);
    doctor_get(d, "/", NULL, &page);
    const char *options = doctor_header(d, &api, "x-content-type-options"), *policy = doctor_header(d, &page, "content-security-policy");
    const char *type = doctor_header(d, &page, "content-type");
    bool is_page = page.status == 200 && type && text_starts(type, "text/html");
    if (!api.status)
        doctor_failed(d, other_program, "%s", doctor_shown(d, &api));
    else if (!options || !text_equal(options, "nosniff"))
        doctor_failed(d, "nginx/ssl.conf", "没有 / there is no X-Content-Type-Options: nosniff");
    else if (is_page && (!policy || !doctor_header(d, &page, "x-frame-options")))
        doctor_failed(d, "nginx/ssl.conf", "页面没有 / the page has no Content-Security-Policy, X-Frame-Options");
    else if (text_starts(d->options.url, "https://") && !doctor_header(d, &api, "strict-transport-security"))
        doctor_failed(d, "nginx/ssl.conf", "没有 / there is no Strict-Transport-Security");
    else
        doctor_ok(d, "%s", is_page ? "接口与页面 / API and page" : "接口；此处没有页面 / API; there is no page here");
}

static const char *inside_word(const struct doctor_answer *a)
{
    static const char *const words[] = {"sqlite", "SQLITE", "SELECT ", "INSERT ", "postgres", "PGRES", "/src/", "Traceback", "    at ", ".c:", "/home/", "/data/"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (memmem(a->body, a->body_n, words[i], strlen(words[i])))
            return words[i];
    return NULL;
}

void doctor_p0_errors(struct doctor *d)
{
    const struct {
        const char *method, *path, *body;
        int status;
    } tries[] = {{"POST", "/api/auth/login", "{\"username\":", 400}, {"GET", "/api/no-such-thing", NULL, 404}, {"POST", "/api/auth/login", "{\"username\":[1],\"password\":{}}", 400}};
    struct doctor_answer a;
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        doctor_send(d, tries[i].method, tries[i].path, NULL, tries[i].body, &a);
        const struct json *success = json_member(a.json, "success");
        const char *word = a.status ? inside_word(&a) : NULL;
        if (a.status != tries[i].status || !success || success->type != JSON_FALSE || word) {
            doctor_failed(d, other_program, "%s %s: %s%s%s", tries[i].method, tries[i].path, doctor_shown(d, &a), word ? ": " : "", word ? word : "");
            return;
        }
    }
    doctor_ok(d, "%zu 个错误请求，只答统一的错误格式 / wrong requests, answered in the envelope alone", sizeof tries / sizeof *tries);
}
