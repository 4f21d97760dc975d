/* GET /api/openapi.json: the document, its paths and operations. */
#include "app/openapi.h"

#include <ctype.h>
#include <pthread.h>
#include <string.h>

#include "app/app.h"
#include "domain/idempotency.h"
#include "domain/list_export.h"
#include "domain/permission.h"

#define OPERATION_ID_MAX 128

static const char about[] =
    "成功的回答为 {success: true, message?, data?}，失败的回答见 Failure。\n"
    "Accept-Language: en… 时 message 为英文。Accept: application/json;numbers=text 时数量、单价和金额为字符串，"
    "否则为精确的 JSON 数字；请求中两种写法都可以。请求体的成员名用 camelCase 或 snake_case，未知成员被忽略，空文本等于 null。";

/* ---------------------------------------------------------------- writing */

void oa_text(struct json_writer *w, const char *name, const char *text)
{
    jw_name(w, name);
    jw_text(w, text);
}

void oa_int(struct json_writer *w, const char *name, int64_t n)
{
    jw_name(w, name);
    jw_int(w, n);
}

void oa_bool(struct json_writer *w, const char *name, bool b)
{
    jw_name(w, name);
    jw_bool(w, b);
}

void oa_object(struct json_writer *w, const char *name)
{
    jw_name(w, name);
    jw_object(w);
}

void oa_array(struct json_writer *w, const char *name)
{
    jw_name(w, name);
    jw_array(w);
}

void oa_texts(struct json_writer *w, const char *name, const char *const *texts)
{
    oa_array(w, name);
    for (; *texts; texts++)
        jw_text(w, *texts);
    jw_array_end(w);
}

void oa_type(struct json_writer *w, const char *type, bool nullable)
{
    if (nullable)
        oa_texts(w, "type", (const char *const[]){type, "null", NULL});
    else
        oa_text(w, "type", type);
}

void oa_ref(struct json_writer *w, const char *where)
{
    char path[160] = "#/components/";
    strncat(path, where, sizeof path - strlen(path) - 1);
    jw_object(w);
    oa_text(w, "$ref", path);
    jw_object_end(w);
}

/* ---------------------------------------------------------------- routes */

const struct route *openapi_route(size_t n, const struct module **module)
{
    for (size_t m = 0; m < module_count; m++) {
        if (module)
            *module = modules[m];
        if (n < modules[m]->route_count)
            return &modules[m]->routes[n];
        n -= modules[m]->route_count;
    }
    return NULL;
}

bool openapi_is_write(const struct route *r)
{
    return strcmp(r->http.method, "GET") != 0;
}

bool openapi_is_keyed(const struct route *r)
{
    return strcmp(r->http.method, "POST") == 0 && !r->keeps_no_answer;
}

/* ---------------------------------------------------------------- parameters */

/* Begins one; its schema stays open for more. */
static void begin_parameter(struct json_writer *w, const char *where, const char *name, const char *type)
{
    jw_object(w);
    oa_text(w, "name", name);
    oa_text(w, "in", where);
    oa_bool(w, "required", strcmp(where, "path") == 0);
    oa_object(w, "schema");
    oa_type(w, type, false);
}

static void end_parameter(struct json_writer *w, const char *description)
{
    jw_object_end(w);
    if (description)
        oa_text(w, "description", description);
    jw_object_end(w);
}

/* ":id" and ":itemId" are numbers of rows. */
static bool is_id(const char *name)
{
    size_t n = strlen(name);
    return strcmp(name, "id") == 0 || (n > 2 && strcmp(name + n - 2, "Id") == 0);
}

static void write_path_parameters(struct json_writer *w, struct arena *a, const char *path)
{
    for (const char *p = strchr(path, ':'); p; p = strchr(p + 1, ':')) {
        const char *name = arena_copy(a, p + 1, strcspn(p + 1, "/"));
        begin_parameter(w, "path", name, is_id(name) ? "integer" : "string");
        if (is_id(name))
            oa_int(w, "minimum", 1);
        end_parameter(w, NULL);
    }
}

static void write_choices(struct json_writer *w, const struct list_filter *f)
{
    oa_array(w, "enum");
    for (size_t i = 0; f->choices[i]; i++)
        jw_text(w, f->choices[i]);
    jw_text(w, "all");
    jw_array_end(w);
    oa_text(w, "default", f->preset ? f->preset : "all");
}

static void write_filter(struct json_writer *w, const struct list_filter *f)
{
    static const char *const types[] = {[FILTER_TEXT] = "string",   [FILTER_LIKE] = "string",  [FILTER_ID] = "integer",
                                        [FILTER_CHOICE] = "string", [FILTER_SINCE] = "string", [FILTER_UNTIL] = "string",
                                        [FILTER_FLAG] = "boolean",  [FILTER_PART] = "string",
                                        [FILTER_NAME] = "string"};
    static const char *const meanings[] = {[FILTER_LIKE] = "包含这些文字，不分大小写",
                                           [FILTER_PART] = "包含这些文字，不分大小写",
                                           [FILTER_NAME] = "包含这些文字，不分大小写与全角半角",
                                           [FILTER_CHOICE] = "all：不筛选",
                                           [FILTER_SINCE] = "从这一天起（公司时区）",
                                           [FILTER_UNTIL] = "到这一天为止，含当天（公司时区）",
                                           [FILTER_FLAG] = NULL};
    begin_parameter(w, "query", f->param, types[f->kind]);
    if (f->kind == FILTER_LIKE || f->kind == FILTER_PART || f->kind == FILTER_NAME)
        oa_int(w, "maxLength", 100);
    if (f->kind == FILTER_ID)
        oa_int(w, "minimum", 1);
    if (f->kind == FILTER_SINCE || f->kind == FILTER_UNTIL)
        oa_text(w, "format", "date");
    if (f->kind == FILTER_CHOICE)
        write_choices(w, f);
    end_parameter(w, meanings[f->kind]);
}

static void write_sorts(struct json_writer *w, struct arena *a, const struct list_spec *list)
{
    begin_parameter(w, "query", "sort", "string");
    oa_array(w, "enum");
    for (const struct list_sort *s = list->sorts; s->name; s++) {
        jw_text(w, s->name);
        jw_text(w, arena_fmt(a, "-%s", s->name));
    }
    jw_array_end(w);
    oa_text(w, "default", arena_fmt(a, "%s%s", list->ascends ? "" : "-", list->sorts[0].name));
    end_parameter(w, "排序字段，前面加 - 为降序");
}

static void write_paging(struct json_writer *w, struct arena *a, const struct list_spec *list)
{
    begin_parameter(w, "query", "page", "integer");
    oa_int(w, "minimum", 1);
    oa_int(w, "default", 1);
    end_parameter(w, NULL);
    begin_parameter(w, "query", "pageSize", "integer");
    oa_int(w, "minimum", 1);
    oa_int(w, "maximum", LIST_PAGE_SIZE_MAX);
    oa_int(w, "default", list->page_size);
    end_parameter(w, NULL);
    begin_parameter(w, "query", "cursor", "string");
    end_parameter(w, "上一页的 nextCursor，代替 page");
    write_sorts(w, a, list);
}

/* One of these; without it, the first. */
static void write_choice(struct json_writer *w, const char *name, const char *const *choices, const char *description)
{
    begin_parameter(w, "query", name, "string");
    oa_texts(w, "enum", choices);
    oa_text(w, "default", choices[0]);
    end_parameter(w, description);
}

static void write_file_choices(struct json_writer *w, struct arena *a, const struct list_spec *list)
{
    if (list->sorts[0].name)
        write_sorts(w, a, list);
    write_choice(w, "format", export_formats, "文件格式");
    write_choice(w, "lang", export_languages, "表头和状态等用语的语言");
}

static void write_query(struct json_writer *w, struct arena *a, const struct route *r)
{
    const struct list_spec *list = r->list;
    for (const struct list_filter *f = list ? list->filters : NULL; f && f < list->filters + LIST_FILTERS_MAX && f->param; f++)
        write_filter(w, f);
    for (const struct list_filter *f = r->query; f && f->param; f++)
        write_filter(w, f);
    if (r->export)
        write_file_choices(w, a, list);
    else if (list && list->row)
        write_paging(w, a, list);
}

static void write_headers(struct json_writer *w, const struct route *r)
{
    if (openapi_is_keyed(r)) {
        begin_parameter(w, "header", "Idempotency-Key", "string");
        oa_int(w, "maxLength", IDEMPOTENCY_KEY_MAX);
        oa_text(w, "pattern", "^[!-~]+$");
        end_parameter(w, "同一个键的同一个请求只执行一次，再来时给出第一次的回答；保留 7 天");
    }
    if (r->minds_if_match) {
        begin_parameter(w, "header", "If-Match", "string");
        end_parameter(w, "所依据的版本，例如 \"3\"；已被他人修改时为 409");
    }
}

/* ---------------------------------------------------------------- operations */

/* GET /api/materials/:id/moves → "getMaterialsByIdMoves" */
static const char *operation_id(struct arena *a, const struct route *r)
{
    struct buf id;
    bool upper = true;
    buf_init(&id, OPERATION_ID_MAX);
    for (const char *p = r->http.method; *p; p++)
        buf_char(&id, (char)tolower((unsigned char)*p));
    for (const char *p = r->http.path + strlen("/api"); *p; p++) {
        if (*p == ':')
            buf_str(&id, "By");
        else if (isalnum((unsigned char)*p))
            buf_char(&id, upper ? (char)toupper((unsigned char)*p) : *p);
        upper = !isalnum((unsigned char)*p);
    }
    const char *text = arena_dup(a, buf_text(&id));
    buf_free(&id);
    return text;
}

static void write_access(struct json_writer *w, const struct route *r)
{
    oa_text(w, "x-permission", permission_name(r->permission));
    oa_array(w, "x-roles");
    for (int role = ROLE_SYSTEM_ADMIN; role <= ROLE_REGULAR_USER; role++)
        if (role_has((enum role)role, r->permission))
            jw_text(w, role_name((enum role)role));
    jw_array_end(w);
    oa_array(w, "security");
    if (r->permission != PERM_OPEN) {
        jw_object(w);
        oa_array(w, "bearerAuth");
        jw_array_end(w);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_body(struct json_writer *w, struct arena *a, const struct route *r)
{
    oa_object(w, "requestBody");
    oa_bool(w, "required", true);
    oa_object(w, "content");
    oa_object(w, "application/json");
    openapi_body(w, a, r);
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
}

/* A form with the picture in it. */
static void write_form(struct json_writer *w)
{
    oa_object(w, "requestBody");
    oa_bool(w, "required", true);
    oa_object(w, "content");
    oa_object(w, "multipart/form-data");
    oa_object(w, "schema");
    oa_type(w, "object", false);
    oa_object(w, "properties");
    oa_object(w, "avatar");
    oa_type(w, "string", false);
    oa_text(w, "format", "binary");
    for (int open = 0; open < 6; open++)
        jw_object_end(w);
}

static void write_responses(struct json_writer *w, struct arena *a, const struct route *r)
{
    oa_object(w, "responses");
    oa_object(w, r->status == 202 ? "202" : r->status == 201 ? "201" : "200");
    oa_text(w, "description", r->status == 202 ? "已接受，在后台进行" : r->status == 201 ? "已创建" : "成功");
    oa_object(w, "content");
    oa_object(w, r->media ? r->media : "application/json");
    openapi_answer(w, a, r);
    jw_object_end(w);
    if (r->export) {
        oa_object(w, CSV_TYPE);
        openapi_answer(w, a, r);
        jw_object_end(w);
    }
    jw_object_end(w);
    jw_object_end(w);
    openapi_failures(w, a, r);
    jw_object_end(w);
}

static void write_operation(struct json_writer *w, struct arena *a, const struct route *r, const struct module *module)
{
    char *method = arena_dup(a, r->http.method);
    for (char *p = method; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    oa_object(w, method);
    oa_texts(w, "tags", (const char *const[]){module->name, NULL});
    oa_text(w, "operationId", operation_id(a, r));
    oa_text(w, "summary", r->summary);
    write_access(w, r);
    oa_array(w, "parameters");
    write_path_parameters(w, a, r->http.path);
    write_query(w, a, r);
    write_headers(w, r);
    jw_array_end(w);
    if (r->body)
        write_body(w, a, r);
    if (r->http.is_upload)
        write_form(w);
    write_responses(w, a, r);
    openapi_codes(w, r);
    jw_object_end(w);
}

/* ---------------------------------------------------------------- the document */

/* "/api/materials/:id" → "/api/materials/{id}" */
static const char *template_path(struct arena *a, const char *path)
{
    char *out = arena_alloc(a, strlen(path) * 2 + 1), *to = out;
    for (bool open = false; *path || open; ) {
        if (open && (*path == '/' || !*path)) {
            *to++ = '}';
            open = false;
        } else if (*path == ':') {
            *to++ = '{';
            open = true;
            path++;
        } else {
            *to++ = *path++;
        }
    }
    return out;
}

static bool same_path(size_t i, size_t k)
{
    return strcmp(openapi_route(i, NULL)->http.path, openapi_route(k, NULL)->http.path) == 0;
}

static void write_paths(struct json_writer *w, struct arena *a)
{
    oa_object(w, "paths");
    const struct route *r;
    for (size_t i = 0; (r = openapi_route(i, NULL)); i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen = seen || same_path(i, k);
        if (seen)
            continue;
        oa_object(w, template_path(a, r->http.path));
        const struct module *module;
        const struct route *same;
        for (size_t k = i; (same = openapi_route(k, &module)); k++)
            if (same_path(i, k))
                write_operation(w, a, same, module);
        jw_object_end(w);
    }
    jw_object_end(w);
}

static void write_info(struct json_writer *w)
{
    oa_object(w, "info");
    oa_text(w, "title", "青绿氢能物料管理系统 (MMS)");
    oa_text(w, "version", MMS_VERSION);
    oa_text(w, "description", about);
    jw_object_end(w);
    oa_array(w, "servers");
    jw_object(w);
    oa_text(w, "url", "/");
    jw_object_end(w);
    jw_array_end(w);
    oa_array(w, "tags");
    for (size_t m = 0; m < module_count; m++) {
        jw_object(w);
        oa_text(w, "name", modules[m]->name);
        oa_text(w, "description", modules[m]->title);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_components(struct json_writer *w, struct arena *a)
{
    oa_object(w, "components");
    oa_object(w, "securitySchemes");
    oa_object(w, "bearerAuth");
    oa_text(w, "type", "http");
    oa_text(w, "scheme", "bearer");
    oa_text(w, "bearerFormat", "JWT");
    oa_text(w, "description", "POST /api/auth/login 给出的 accessToken");
    jw_object_end(w);
    jw_object_end(w);
    oa_object(w, "schemas");
    openapi_failure_schema(w);
    openapi_schemas(w, a);
    jw_object_end(w);
    oa_object(w, "responses");
    openapi_failure_responses(w, a);
    jw_object_end(w);
    jw_object_end(w);
}

/* It never changes while the program runs: made once, when first asked for. */
static struct buf document;
static pthread_once_t document_made = PTHREAD_ONCE_INIT;

static void make_document(void)
{
    struct arena a;
    struct json_writer w;
    arena_init(&a);
    buf_init(&document, HTTP_ANSWER_MAX);
    jw_init(&w, &document, false);
    jw_object(&w);
    oa_text(&w, "openapi", "3.1.0");
    write_info(&w);
    write_paths(&w, &a);
    write_components(&w, &a);
    openapi_error_table(&w);
    jw_object_end(&w);
    arena_free(&a);
}

static enum rc get_openapi(struct call *call)
{
    struct http_response *r = &call->http->response;
    pthread_once(&document_made, make_document);
    buf_reset(&r->body);
    buf_add(&r->body, document.bytes, document.n);
    r->status = 200;
    return RC_OK;
}

static const struct route openapi_routes[] = {
    ROUTE("GET", "/api/openapi.json", LANE_READ, PERM_OPEN, NULL, get_openapi, "接口描述（OpenAPI 3.1）", .bare = true),
};
const struct module openapi_module = MODULE("openapi", "接口描述", openapi_routes);
