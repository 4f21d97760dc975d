/* GET /api/openapi.json: OpenAPI 3.0 from the route table and the field tables. */
#include <ctype.h>
#include <string.h>

#include "app/app.h"
#include "domain/permission.h"

static void member(struct json_writer *w, const char *name, const char *text)
{
    jw_name(w, name);
    jw_text(w, text);
}

static void reference(struct json_writer *w, const char *name, const char *suffix)
{
    char path[128] = "#/components/schemas/";
    strncat(path, name, 64);
    strncat(path, suffix, 16);
    jw_object(w);
    member(w, "$ref", path);
    jw_object_end(w);
}

static const char *type_name(enum field_type type)
{
    switch (type) {
    case FIELD_INT:
    case FIELD_FLAG:
        return "integer";
    case FIELD_DEC:
        return "number";
    case FIELD_JSON:
        return "array";
    case FIELD_TEXT:
    case FIELD_TIME:
    case FIELD_ISO_TIME:
    case FIELD_DAY:
        return "string";
    }
    return "string";
}

static void write_limits(struct json_writer *w, const struct field *f)
{
    if (f->type == FIELD_TEXT && f->max) {
        jw_name(w, "maxLength");
        jw_int(w, f->max);
    }
    if (f->type == FIELD_INT || f->type == FIELD_DEC) {
        jw_name(w, "minimum");
        jw_int(w, f->min);
        if (f->max) {
            jw_name(w, "maximum");
            jw_int(w, f->max);
        }
    }
    if (!f->choices)
        return;
    jw_name(w, "enum");
    jw_array(w);
    for (size_t i = 0; f->choices[i]; i++)
        jw_text(w, f->choices[i]);
    jw_array_end(w);
}

static void write_field(struct json_writer *w, const struct field *f, bool input)
{
    jw_object(w);
    if (f->type == FIELD_DEC && input) { /* a number, or its text */
        jw_name(w, "oneOf");
        jw_array(w);
        jw_object(w);
        member(w, "type", "number");
        jw_object_end(w);
        jw_object(w);
        member(w, "type", "string");
        jw_object_end(w);
        jw_array_end(w);
    } else if (f->type == FIELD_FLAG && input) {
        member(w, "type", "boolean");
    } else {
        member(w, "type", type_name(f->type));
    }
    if (f->type == FIELD_JSON) {
        jw_name(w, "items");
        jw_object(w);
        jw_object_end(w);
    }
    if (input)
        write_limits(w, f);
    jw_name(w, "nullable");
    jw_bool(w, !(f->flags & F_NEED));
    jw_object_end(w);
}

static void write_schema(struct json_writer *w, struct arena *a, const struct record_type *t, bool input)
{
    unsigned wanted = input ? F_IN : F_OUT;
    jw_name(w, arena_fmt(a, "%s%s", t->name, input ? "Input" : ""));
    jw_object(w);
    member(w, "type", "object");
    jw_name(w, "properties");
    jw_object(w);
    for (size_t i = 0; i < t->count; i++) {
        const struct field *f = &t->fields[i];
        if (!(f->flags & wanted))
            continue;
        jw_name(w, input ? record_camel(a, f->name) : f->name);
        write_field(w, f, input);
    }
    jw_object_end(w);
    jw_name(w, "required");
    jw_array(w);
    for (size_t i = 0; i < t->count; i++) {
        const struct field *f = &t->fields[i];
        if (!input && (f->flags & F_OUT))
            jw_text(w, f->name);
    }
    jw_array_end(w);
    jw_object_end(w);
}

/* The type of `data`. */
static void write_data(struct json_writer *w, const struct route *r)
{
    jw_object(w);
    if (r->shape == ANSWER_LIST) {
        member(w, "type", "object");
        jw_name(w, "properties");
        jw_object(w);
        jw_name(w, "list");
        jw_object(w);
        member(w, "type", "array");
        jw_name(w, "items");
        reference(w, r->answer->name, "");
        jw_object_end(w);
        static const char *const numbers[] = {"total", "page", "pageSize"};
        for (size_t i = 0; i < 3; i++) {
            jw_name(w, numbers[i]);
            jw_object(w);
            member(w, "type", "integer");
            jw_object_end(w);
        }
        jw_name(w, "nextCursor");
        jw_object(w);
        member(w, "type", "string");
        jw_name(w, "nullable");
        jw_bool(w, true);
        jw_object_end(w);
        jw_object_end(w);
    } else if (r->shape == ANSWER_ARRAY) {
        member(w, "type", "array");
        jw_name(w, "items");
        if (r->answer) {
            reference(w, r->answer->name, "");
        } else {
            jw_object(w);
            member(w, "type", "object");
            jw_object_end(w);
        }
    } else if (r->answer) {
        jw_name(w, "allOf");
        jw_array(w);
        reference(w, r->answer->name, "");
        jw_array_end(w);
    } else {
        member(w, "type", "object");
    }
    jw_object_end(w);
}

static void write_answer(struct json_writer *w, const struct route *r)
{
    jw_name(w, "responses");
    jw_object(w);
    jw_name(w, "2XX");
    jw_object(w);
    member(w, "description", "成功");
    jw_name(w, "content");
    jw_object(w);
    jw_name(w, "application/json");
    jw_object(w);
    jw_name(w, "schema");
    jw_object(w);
    member(w, "type", "object");
    jw_name(w, "properties");
    jw_object(w);
    jw_name(w, "data");
    write_data(w, r);
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
    jw_object_end(w);
}

static void write_parameters(struct json_writer *w, const char *path)
{
    jw_name(w, "parameters");
    jw_array(w);
    for (const char *p = strchr(path, ':'); p; p = strchr(p + 1, ':')) {
        size_t n = strcspn(p + 1, "/");
        jw_object(w);
        jw_name(w, "name");
        jw_text_n(w, p + 1, n);
        member(w, "in", "path");
        jw_name(w, "required");
        jw_bool(w, true);
        jw_name(w, "schema");
        jw_object(w);
        member(w, "type", "integer");
        jw_object_end(w);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_form(struct json_writer *w)
{
    static const char form[] = "{\"content\":{\"multipart/form-data\":{\"schema\":{\"type\":\"object\",\"properties\":"
                               "{\"avatar\":{\"type\":\"string\",\"format\":\"binary\"}}}}}}";
    jw_name(w, "requestBody");
    jw_raw(w, form, sizeof form - 1);
}

static void write_operation(struct json_writer *w, struct arena *a, const struct route *r)
{
    char *method = arena_dup(a, r->http.method);
    for (char *p = method; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    jw_name(w, method);
    jw_object(w);
    member(w, "summary", r->summary);
    member(w, "x-permission", permission_name(r->permission));
    jw_name(w, "x-roles");
    jw_array(w);
    for (int role = ROLE_SYSTEM_ADMIN; role <= ROLE_REGULAR_USER; role++)
        if (role_has((enum role)role, r->permission))
            jw_text(w, role_name((enum role)role));
    jw_array_end(w);
    write_parameters(w, r->http.path);
    if (r->body) {
        jw_name(w, "requestBody");
        jw_object(w);
        jw_name(w, "content");
        jw_object(w);
        jw_name(w, "application/json");
        jw_object(w);
        jw_name(w, "schema");
        reference(w, r->body->name, "Input");
        jw_object_end(w);
        jw_object_end(w);
        jw_object_end(w);
    }
    if (r->http.is_upload)
        write_form(w);
    write_answer(w, r);
    jw_object_end(w);
}

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


static const struct route *route_at(size_t n)
{
    for (size_t m = 0; m < module_count; m++) {
        if (n < modules[m]->route_count)
            return &modules[m]->routes[n];
        n -= modules[m]->route_count;
    }
    return NULL;
}

static void write_paths(struct json_writer *w, struct arena *a)
{
    jw_name(w, "paths");
    jw_object(w);
    const struct route *r;
    for (size_t i = 0; (r = route_at(i)); i++) {
        bool seen = false;
        for (size_t k = 0; k < i; k++)
            seen = seen || strcmp(route_at(k)->http.path, r->http.path) == 0;
        if (seen)
            continue;
        jw_name(w, template_path(a, r->http.path));
        jw_object(w);
        const struct route *same;
        for (size_t k = i; (same = route_at(k)); k++)
            if (strcmp(same->http.path, r->http.path) == 0)
                write_operation(w, a, same);
        jw_object_end(w);
    }
    jw_object_end(w);
}

static bool first_use(size_t i, const struct record_type *t, bool input)
{
    if (!t)
        return false;
    for (size_t k = 0; k < i; k++)
        if ((input ? route_at(k)->body : route_at(k)->answer) == t)
            return false;
    return true;
}

static void write_schemas(struct json_writer *w, struct arena *a)
{
    jw_name(w, "components");
    jw_object(w);
    jw_name(w, "schemas");
    jw_object(w);
    const struct route *r;
    for (size_t i = 0; (r = route_at(i)); i++) {
        if (first_use(i, r->answer, false))
            write_schema(w, a, r->answer, false);
        if (first_use(i, r->body, true))
            write_schema(w, a, r->body, true);
    }
    jw_object_end(w);
    jw_object_end(w);
}

static enum rc get_openapi(struct call *call)
{
    struct http_response *r = &call->http->response;
    struct json_writer w;
    buf_reset(&r->body);
    r->status = 200;
    jw_init(&w, &r->body, false);
    jw_object(&w);
    member(&w, "openapi", "3.0.3");
    jw_name(&w, "info");
    jw_object(&w);
    member(&w, "title", "青绿氢能物料管理系统 (MMS)");
    member(&w, "version", MMS_VERSION);
    jw_object_end(&w);
    write_paths(&w, call->ctx.arena);
    write_schemas(&w, call->ctx.arena);
    jw_object_end(&w);
    return RC_OK;
}

static const struct route openapi_routes[] = {
    ROUTE("GET", "/api/openapi.json", LANE_READ, PERM_OPEN, NULL, get_openapi, "接口描述"),
};
const struct module openapi_module = MODULE("openapi", openapi_routes);
