#include "domain/search.h"

#include <string.h>

#include "base/text.h"
#include "domain/list.h"
#include "domain/reply.h"

/* $1: the folded text itself, $2: as a LIKE pattern, $3: how many, $4 (documents): whose, NULL for all. What is the text, or has it
 * as its code, comes first. */
static const struct sql MATERIALS = {
    "search.materials",
    "SELECT m.id, m.material_code AS code, m.material_name AS name, m.description FROM materials m WHERE m.code_fold LIKE $2 ESCAPE '\\' "
    "OR m.name_fold LIKE $2 ESCAPE '\\' OR LOWER(COALESCE(m.cas_no, '')) LIKE $2 ESCAPE '\\' "
    "ORDER BY CASE WHEN m.code_fold = $1 OR m.name_fold = $1 THEN 0 ELSE 1 END, m.status, m.code_fold LIMIT $3"};
static const struct sql USERS = {
    "search.users",
    "SELECT u.id, u.username AS code, COALESCE(u.real_name, u.username) AS name, u.email AS description FROM users u "
    "WHERE u.status <> 'closed' AND (u.username_fold LIKE $2 ESCAPE '\\' OR LOWER(COALESCE(u.real_name, '')) LIKE $2 ESCAPE '\\') "
    "ORDER BY CASE WHEN u.username_fold = $1 THEN 0 ELSE 1 END, u.username_fold LIMIT $3"};
static const struct sql DOCUMENTS = {
    "search.documents",
    "SELECT d.id, d.number AS code, m.material_name AS name, d.remark AS description FROM documents d JOIN document_lines l ON "
    "l.document_id = d.id AND l.line_no = 1 JOIN materials m ON m.id = l.material_id WHERE (LOWER(d.number) LIKE $2 ESCAPE '\\' OR "
    "m.code_fold LIKE $2 ESCAPE '\\' OR m.name_fold LIKE $2 ESCAPE '\\') AND (CAST($4 AS BIGINT) IS NULL OR d.applicant_id = $4) "
    "ORDER BY CASE WHEN LOWER(d.number) = $1 THEN 0 ELSE 1 END, d.created_at DESC, d.id DESC LIMIT $3"};

static const char *const types[] = {"all", "materials", "users", "transactions", NULL};

static void write_found(struct json_writer *w, struct ctx *c, const char *type, struct db_rows *rows)
{
    const char *code = db_text(rows, "code"), *name = db_text(rows, "name");
    const struct {
        const char *name, *text;
    } texts[] = {{"code", code},
                 {"name", name},
                 {"type", type},
                 {"title", arena_fmt(c->arena, "%s - %s", code, name)},
                 {"description", db_text(rows, "description")}};
    jw_object(w);
    jw_name(w, "id");
    jw_int(w, db_int(rows, "id"));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jw_name(w, texts[i].name);
        jw_text(w, texts[i].text);
    }
    jw_object_end(w);
}

static enum rc find(struct ctx *c, struct json_writer *w, const struct sql *sql, const char *type, const struct db_value *args,
                    size_t count)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, sql, args, count, &rows));
    for (;;) {
        TRY(db_next(rows, &more));
        if (!more)
            return RC_OK;
        write_found(w, c, type, rows);
    }
}

/* People are found by who may see them, documents of others by who may see those. */
static enum rc find_all(struct ctx *c, struct json_writer *w, const char *type, const char *folded)
{
    const struct db_value args[] = {DB_T(folded), DB_T(text_like(c->arena, folded)), DB_I(SEARCH_ROWS_MAX),
                                    ctx_may(c, PERM_DOCUMENT_READ_ALL) ? DB_N : DB_I(c->actor.user_id)};
    bool all = strcmp(type, "all") == 0;
    if (all || strcmp(type, "materials") == 0)
        TRY(find(c, w, &MATERIALS, "material", args, 3));
    if ((all || strcmp(type, "users") == 0) && ctx_may(c, PERM_USER_MANAGE))
        TRY(find(c, w, &USERS, "user", args, 3));
    if ((all || strcmp(type, "transactions") == 0) && ctx_may(c, PERM_DOCUMENT_READ))
        TRY(find(c, w, &DOCUMENTS, "transaction", args, 4));
    return RC_OK;
}

static enum rc check(struct ctx *c, const char *text, const char *type)
{
    size_t i = 0;
    while (types[i] && strcmp(types[i], type) != 0)
        i++;
    if (!types[i])
        error_fault(&c->err, c->arena, "type", "choice", "应为 all、materials、users 或 transactions",
                    "must be all, materials, users or transactions", text_shorten(c->arena, type, 100));
    if (text_chars(text) > SEARCH_CHARS_MAX)
        error_fault(&c->err, c->arena, "q", "too_long", arena_fmt(c->arena, "长度不能超过%d个字符", SEARCH_CHARS_MAX),
                    arena_fmt(c->arena, "must have at most %d characters", SEARCH_CHARS_MAX), NULL);
    return c->err.rc;
}

static enum rc get_search(struct call *call)
{
    struct ctx *c = &call->ctx;
    const char *q = http_query(call->http, "q"), *type = http_query(call->http, "type");
    type = type && *type ? type : "all";
    TRY(check(c, q ? q : "", type));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    if (!text_is_blank(q))
        TRY(find_all(c, &w, type, text_fold(c->arena, q)));
    jw_array_end(&w);
    return reply_end(call, &w);
}

static const struct list_filter search_query[] = {{"q", FILTER_TEXT}, {"type", FILTER_CHOICE, .choices = types, .preset = "all"}, {0}};

static const struct route search_routes[] = {
    ROUTE("GET", "/api/search", LANE_READ, PERM_MATERIAL_READ, NULL, get_search, "搜索物料、用户和出入库单", .query = search_query,
          .shape = ANSWER_ARRAY,
          .parts = PARTS({"id"}, {"code", PART_TEXT}, {"name", PART_TEXT}, {"type", PART_TEXT}, {"title", PART_TEXT},
                         {"description", PART_TEXT, .nullable = true})),
};
const struct module search_module = MODULE("search", "搜索", search_routes);
