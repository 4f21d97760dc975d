/* What may fail: errors.def by status, and which of its rows an operation may answer with. */
#include <string.h>

#include "app/openapi.h"

/* What is so of a route, and with it some of its failures. */
enum { ALWAYS = 1, QUERY = 2, BODY = 4, SIGNED_IN = 8, PERMITTED = 16, WRITES = 32, KEYED = 64, OWN_ACCOUNT = 128 };

static const struct {
    enum rc rc;
    unsigned when;
} common[] = {
    {RC_BAD_REQUEST, ALWAYS},
    {RC_INVALID_INPUT, QUERY | BODY | KEYED},
    {RC_BAD_JSON, BODY},
    {RC_TOKEN_MISSING, SIGNED_IN},
    {RC_TOKEN_INVALID, SIGNED_IN},
    {RC_PERMISSION_MISSING, PERMITTED},
    {RC_SESSION_REQUIRED, OWN_ACCOUNT},
    {RC_PASSWORD_CHANGE_REQUIRED, PERMITTED},
    {RC_DB_UNIQUE, WRITES},
    {RC_DB_CHECK, WRITES},
    {RC_DB_FOREIGN_KEY, WRITES},
    {RC_BODY_TOO_LARGE, BODY},
    {RC_UNSUPPORTED_MEDIA, BODY},
    {RC_IDEMPOTENCY_REUSED, KEYED},
    {RC_INTERNAL, ALWAYS},
    {RC_DB, ALWAYS},
    {RC_DB_CORRUPT, ALWAYS},
    {RC_BUSY, ALWAYS},
    {RC_SHUTTING_DOWN, ALWAYS},
    {RC_DB_LOST, ALWAYS},
    {RC_DB_UNCERTAIN, WRITES},
    {RC_DB_FULL, WRITES},
    {RC_DB_READONLY, WRITES},
};

static const struct {
    int status;
    const char *title;
} kinds[] = {
    {400, "请求无效"},         {401, "未登录或登录已失效"},   {403, "没有权限"},           {404, "不存在"},
    {405, "不支持的方法"},     {409, "与现有数据冲突"},       {413, "请求内容过大"},       {415, "不是 application/json"},
    {422, "Idempotency-Key 已用于另一个请求"},                {429, "尝试次数过多"},       {500, "服务器内部错误"},
    {503, "暂时无法处理，请稍后重试"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

static unsigned facts_of(const struct route *r)
{
    unsigned facts = ALWAYS;
    if (r->list || r->query)
        facts |= QUERY;
    if (r->body)
        facts |= BODY;
    if (r->permission != PERM_OPEN)
        facts |= SIGNED_IN;
    if (r->permission != PERM_OPEN && r->permission != PERM_SIGNED_IN)
        facts |= PERMITTED;
    if (r->permission == PERM_SIGNED_IN)
        facts |= OWN_ACCOUNT;
    if (openapi_is_write(r))
        facts |= WRITES;
    if (openapi_is_keyed(r))
        facts |= KEYED;
    return facts;
}

static bool may_fail_with(const struct route *r, enum rc rc)
{
    unsigned facts = facts_of(r);
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (common[i].rc == rc && (common[i].when & facts))
            return true;
    for (const enum rc *p = r->refusals; p && *p != RC_OK; p++)
        if (*p == rc)
            return true;
    return false;
}

static bool may_answer(const struct route *r, int status)
{
    for (int rc = RC_OK + 1; rc < RC_COUNT; rc++)
        if (error_row((enum rc)rc)->status == status && may_fail_with(r, (enum rc)rc))
            return true;
    return false;
}

static void write_fault_example(struct json_writer *w)
{
    oa_array(w, "errors");
    jw_object(w);
    oa_text(w, "field", "materialCode");
    oa_text(w, "code", "required");
    oa_text(w, "message", "物料编码不能为空");
    jw_object_end(w);
    jw_array_end(w);
}

static void write_example(struct json_writer *w, enum rc rc)
{
    oa_object(w, "example");
    oa_bool(w, "success", false);
    oa_text(w, "message", error_row(rc)->zh);
    oa_text(w, "code", error_row(rc)->code);
    if (rc == RC_INVALID_INPUT)
        write_fault_example(w);
    oa_text(w, "request_id", "0f3a9c1e5b7d2468");
    jw_object_end(w);
}

static enum rc first_of(int status)
{
    int rc = RC_OK + 1;
    while (rc + 1 < RC_COUNT && error_row((enum rc)rc)->status != status)
        rc++;
    return (enum rc)rc;
}

/* Health says that it is not well in its own words. */
static void write_own_words(struct json_writer *w, struct arena *a, const struct route *r, const char *title)
{
    jw_object(w);
    oa_text(w, "description", title);
    oa_object(w, "content");
    oa_object(w, "application/json");
    oa_object(w, "schema");
    oa_array(w, "anyOf");
    openapi_bare_schema(w, a, r);
    oa_ref(w, "schemas/Failure");
    jw_array_end(w);
    jw_object_end(w);
    write_example(w, RC_BUSY);
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
}

void openapi_failures(struct json_writer *w, struct arena *a, const struct route *r)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (!may_answer(r, kinds[i].status))
            continue;
        jw_name(w, arena_fmt(a, "%d", kinds[i].status));
        if (kinds[i].status == 503 && r->bare && r->parts)
            write_own_words(w, a, r, kinds[i].title);
        else
            oa_ref(w, arena_fmt(a, "responses/Failure%d", kinds[i].status));
    }
}

/* Several rows have one code, which is told once. */
static bool is_first_of_its_code(enum rc rc)
{
    for (int k = RC_OK + 1; k < (int)rc; k++)
        if (strcmp(error_row((enum rc)k)->code, error_row(rc)->code) == 0)
            return false;
    return true;
}

static bool may_fail_with_code(const struct route *r, const char *code)
{
    for (int rc = RC_OK + 1; rc < RC_COUNT; rc++)
        if (strcmp(error_row((enum rc)rc)->code, code) == 0 && may_fail_with(r, (enum rc)rc))
            return true;
    return false;
}

void openapi_codes(struct json_writer *w, const struct route *r)
{
    oa_array(w, "x-codes");
    for (int rc = RC_OK + 1; rc < RC_COUNT; rc++)
        if (is_first_of_its_code((enum rc)rc) && may_fail_with_code(r, error_row((enum rc)rc)->code))
            jw_text(w, error_row((enum rc)rc)->code);
    jw_array_end(w);
}

/* ---------------------------------------------------------------- components */

static void plain(struct json_writer *w, const char *name, const char *type)
{
    oa_object(w, name);
    oa_type(w, type, false);
    jw_object_end(w);
}

static void write_fault_schema(struct json_writer *w)
{
    oa_object(w, "errors");
    oa_type(w, "array", false);
    oa_object(w, "items");
    oa_type(w, "object", false);
    oa_object(w, "properties");
    plain(w, "field", "string");
    plain(w, "code", "string");
    plain(w, "message", "string");
    oa_object(w, "value");
    oa_texts(w, "type", (const char *const[]){"string", "number", NULL});
    jw_object_end(w);
    jw_object_end(w);
    oa_texts(w, "required", (const char *const[]){"field", "code", "message", NULL});
    jw_object_end(w);
    jw_object_end(w);
}

static void write_code_schema(struct json_writer *w)
{
    oa_object(w, "code");
    oa_type(w, "string", false);
    oa_array(w, "enum");
    for (int rc = RC_OK + 1; rc < RC_COUNT; rc++)
        if (is_first_of_its_code((enum rc)rc))
            jw_text(w, error_row((enum rc)rc)->code);
    jw_array_end(w);
    jw_object_end(w);
}

void openapi_failure_schema(struct json_writer *w)
{
    oa_object(w, "Failure");
    oa_text(w, "description", "code 不变，供程序判断；message 供人阅读。有的失败另带成员，例如库存不足时的 wanted、available。");
    oa_type(w, "object", false);
    oa_object(w, "properties");
    oa_object(w, "success");
    oa_bool(w, "const", false);
    jw_object_end(w);
    plain(w, "message", "string");
    write_code_schema(w);
    plain(w, "request_id", "string");
    write_fault_schema(w);
    plain(w, "data", "object");
    jw_object_end(w);
    oa_texts(w, "required", (const char *const[]){"success", "message", "code", "request_id", NULL});
    oa_bool(w, "additionalProperties", true);
    jw_object_end(w);
}

static void write_header(struct json_writer *w, const char *name, const char *description, int minimum)
{
    oa_object(w, name);
    oa_text(w, "description", description);
    oa_object(w, "schema");
    oa_type(w, "integer", false);
    oa_int(w, "minimum", minimum);
    jw_object_end(w);
    jw_object_end(w);
}

static void write_headers(struct json_writer *w, int status)
{
    oa_object(w, "headers");
    write_header(w, "Retry-After", "多少秒后重试", 1);
    if (status == 429) {
        write_header(w, "RateLimit-Limit", "允许的次数", 1);
        write_header(w, "RateLimit-Remaining", "剩余的次数", 0);
        write_header(w, "RateLimit-Reset", "多少秒后重新计数", 1);
    }
    jw_object_end(w);
}

void openapi_failure_responses(struct json_writer *w, struct arena *a)
{
    for (size_t i = 0; i < KINDS; i++) {
        int status = kinds[i].status;
        oa_object(w, arena_fmt(a, "Failure%d", status));
        oa_text(w, "description", kinds[i].title);
        if (status == 429 || status == 503)
            write_headers(w, status);
        oa_object(w, "content");
        oa_object(w, "application/json");
        jw_name(w, "schema");
        oa_ref(w, "schemas/Failure");
        write_example(w, first_of(status));
        jw_object_end(w);
        jw_object_end(w);
        jw_object_end(w);
    }
}

void openapi_error_table(struct json_writer *w)
{
    oa_array(w, "x-errors");
    for (int rc = RC_OK + 1; rc < RC_COUNT; rc++) {
        const struct error_row *row = error_row((enum rc)rc);
        if (!is_first_of_its_code((enum rc)rc))
            continue;
        jw_object(w);
        oa_text(w, "code", row->code);
        oa_int(w, "status", row->status);
        oa_text(w, "zh", row->zh);
        oa_text(w, "en", row->en);
        jw_object_end(w);
    }
    jw_array_end(w);
}
