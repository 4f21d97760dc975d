#include "domain/search.h"

#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "domain/list.h"
#include "domain/reply.h"
#include "domain/search_found.h"
#include "domain/search_tokens.h"

#define CANDIDATES_MAX 500 /* of a kind, in use or not, that the index proposes; all that are found are put into order */
#define PAGES_MAX 20       /* of so many */
#define FOUND_MAX (4 * CANDIDATES_MAX + 2 * SEARCH_ROWS_MAX) /* nobody is left out: in use or not, with typing errors or not, codes */

/* In the order of an answer. `all` is what the older system had; `everything` has the counts, too. */
enum group { GROUP_MATERIALS, GROUP_USERS, GROUP_DOCUMENTS, GROUP_COUNTS, GROUPS };
static const char *const types[] = {"all", "everything", "materials", "users", "transactions", "counts", NULL};

static bool is_wanted(enum group group, const char *type)
{
    return strcmp(type, "everything") == 0 || (strcmp(type, "all") == 0 && group != GROUP_COUNTS) ||
           strcmp(type, types[2 + group]) == 0;
}

/* ---------------------------------------------------------------- finding */

static enum rc add_codes(struct ctx *c, const struct search_kind_row *k, const struct search_query *q, struct search_found *found)
{
    static const char *const statuses[] = {"active", "retired", NULL};
    const char *below = arena_fmt(c->arena, "%s\U0010FFFF", q->folded);
    for (size_t i = 0; k->by_code.text && statuses[i]; i++) {
        DB_ROWS rows = NULL;
        bool more;
        TRY(db_start(c->db, &k->by_code, DB_ARGS(DB_T(q->folded), DB_T(below), DB_T(statuses[i]), DB_I(SEARCH_ROWS_MAX)), &rows));
        for (;;) {
            TRY(db_next(rows, &more));
            if (!more)
                break;
            search_found_add(c, found, q, k->fields, DEMAND_NOTHING, rows);
        }
    }
    return RC_OK;
}

/* The candidates above *last, which becomes the last of them. *full: there may be more. */
static enum rc add_page(struct ctx *c, const struct search_kind_row *k, const char *expression, int64_t base, const struct search_query *q,
                        bool with_typos, struct search_found *found, int64_t *last, bool *full)
{
    DB_ROWS rows = NULL;
    size_t seen = 0;
    bool more;
    TRY(db_start(c->db, &k->by_tokens, DB_ARGS(DB_T(expression), DB_I(base), DB_I(CANDIDATES_MAX), DB_I(*last)), &rows));
    for (;; seen++) {
        TRY(db_next(rows, &more));
        if (!more)
            break;
        *last = base + db_int(rows, "id");
        search_found_add(c, found, q, k->fields, with_typos ? DEMAND_NEAR_WORDS : DEMAND_WORDS, rows);
    }
    *full = seen == CANDIDATES_MAX;
    return RC_OK;
}

/* More of them only when those before have the words' tokens, but not the words. */
static enum rc add_candidates(struct ctx *c, enum search_kind kind, int64_t base, const struct search_query *q, size_t limit, bool with_typos,
                              struct search_found *found)
{
    const char *expression = search_expression(c->arena, q->words, q->word_count, with_typos);
    int64_t last = base;
    bool full = expression != NULL;
    for (int i = 0; full && i < PAGES_MAX && found->count < limit; i++)
        TRY(add_page(c, &search_kinds[kind], expression, base, q, with_typos, found, &last, &full));
    return RC_OK;
}

static enum rc add_all(struct ctx *c, enum search_kind kind, const struct search_query *q, size_t limit, bool with_typos,
                       struct search_found *found)
{
    int64_t in_use = (int64_t)kind * SEARCH_BASE;
    TRY(add_candidates(c, kind, in_use, q, limit, with_typos, found));
    if (found->count >= limit)
        return RC_OK; /* all of them come before those out of use, but for codes, which are there already */
    return add_candidates(c, kind, in_use + SEARCH_OUT_OF_USE, q, limit, with_typos, found);
}

static enum rc find(struct ctx *c, enum search_kind kind, const struct search_query *q, size_t limit, struct search_found *found)
{
    search_found_init(c, found, FOUND_MAX);
    TRY(add_codes(c, &search_kinds[kind], q, found));
    TRY(add_all(c, kind, q, limit, false, found));
    if (found->count == 0)
        TRY(add_all(c, kind, q, limit, true, found));
    search_found_rank(found, limit);
    return RC_OK;
}

/* ---------------------------------------------------------------- answering */

struct search {
    struct call *call;
    const char *type;
    struct search_query q;
    size_t limit;
    struct search_found found[GROUPS];
};

static const struct sql PLANNING = {"search.planning", "SELECT mode FROM search_planning"}; /* sql/0008_search.sql says why */

static enum rc plan_for_these_words(struct ctx *c)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &PLANNING, DB_NO_ARGS, &rows));
    return db_next(rows, &more);
}

/* People are found by who may see them, documents of others by who may see those. */
static enum rc find_all(struct db *db, void *arg)
{
    (void)db;
    struct search *s = arg;
    struct ctx *c = &s->call->ctx;
    bool documents = is_wanted(GROUP_DOCUMENTS, s->type) && ctx_may(c, PERM_DOCUMENT_READ);
    struct search_found *materials = &s->found[GROUP_MATERIALS];
    TRY(plan_for_these_words(c));
    if (documents || is_wanted(GROUP_MATERIALS, s->type))
        TRY(find(c, SEARCH_MATERIAL, &s->q, SEARCH_ROWS_MAX, materials)); /* documents of all of these, whatever is shown */
    if (is_wanted(GROUP_USERS, s->type) && ctx_may(c, PERM_USER_MANAGE))
        TRY(find(c, SEARCH_USER, &s->q, s->limit, &s->found[GROUP_USERS]));
    if (documents)
        TRY(search_documents(c, &s->q, materials, s->limit, &s->found[GROUP_DOCUMENTS]));
    if (is_wanted(GROUP_COUNTS, s->type) && ctx_may(c, PERM_COUNT_WRITE))
        TRY(find(c, SEARCH_COUNT, &s->q, s->limit, &s->found[GROUP_COUNTS]));
    materials->count = !is_wanted(GROUP_MATERIALS, s->type) ? 0 : materials->count < s->limit ? materials->count : s->limit;
    return RC_OK;
}

static void write_matches(struct json_writer *w, const struct search_hit *hit)
{
    jw_name(w, "matches");
    jw_array(w);
    for (size_t i = 0; i < hit->match_count; i++) {
        const struct search_match *m = &hit->matches[i];
        jw_object(w);
        jw_member_text(w, "field", m->field);
        jw_member_text(w, "text", m->text);
        jw_member_int(w, "start", (int64_t)m->start);
        jw_member_int(w, "length", (int64_t)m->length);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_hit(struct json_writer *w, const struct search *s, const char *type, const struct search_hit *hit)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"code", hit->code},
                 {"name", hit->name},
                 {"type", type},
                 {"title", arena_fmt(s->call->ctx.arena, "%s - %s", hit->code, hit->name)},
                 {"description", hit->description}};
    jw_object(w);
    jw_member_int(w, "id", hit->id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jw_name(w, texts[i].name);
        jw_text(w, texts[i].text);
    }
    if (s->q.with_matches)
        write_matches(w, hit);
    jw_object_end(w);
}

static void read_query(struct ctx *c, const char *q, struct search_query *out)
{
    char *code, *end;
    out->folded = text_fold(c->arena, q);
    out->word_count = search_words(c->arena, q, out->words, SEARCH_WORDS_MAX);
    code = end = arena_dup(c->arena, out->folded);
    for (const char *p = out->folded; *p; p++)
        if ((unsigned char)*p >= 0x80 || isalnum((unsigned char)*p))
            *end++ = (char)toupper((unsigned char)*p);
    *end = '\0';
    out->code = code;
}

static enum rc check(struct ctx *c, const char *text, const char *type)
{
    size_t i = 0;
    while (types[i] && strcmp(types[i], type) != 0)
        i++;
    if (!types[i])
        error_fault(&c->err, c->arena, "type", "choice", "应为 all、everything、materials、users、transactions 或 counts",
                    "must be all, everything, materials, users, transactions or counts", text_shorten(c->arena, type, 100));
    if (text_chars(text) > SEARCH_CHARS_MAX)
        error_fault(&c->err, c->arena, "q", "too_long", arena_fmt(c->arena, "长度不能超过%d个字符", SEARCH_CHARS_MAX),
                    arena_fmt(c->arena, "must have at most %d characters", SEARCH_CHARS_MAX), NULL);
    return c->err.rc;
}

static enum rc get_search(struct call *call)
{
    static const char *const group_types[GROUPS] = {"material", "user", "transaction", "count"};
    struct ctx *c = &call->ctx;
    const char *q = http_query(call->http, "q"), *type = http_query(call->http, "type"), *matches = http_query(call->http, "matches");
    struct search *s = arena_new(c->arena, struct search);
    q = q ? q : "";
    s->call = call;
    s->type = type && *type ? type : "all";
    s->limit = (size_t)list_number(call, "limit", SEARCH_ROWS_DEFAULT, SEARCH_ROWS_MAX);
    s->q.with_matches = matches && strcmp(matches, "true") == 0;
    TRY(check(c, q, s->type));
    read_query(c, q, &s->q);
    if (s->q.word_count > 0)
        TRY(db_run_read(c->db, find_all, s));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (size_t group = 0; group < GROUPS; group++)
        for (size_t i = 0; i < s->found[group].count; i++)
            write_hit(&w, s, group_types[group], &s->found[group].hits[i]);
    jw_array_end(&w);
    return reply_end(call, &w);
}

static const struct list_filter search_query[] = {{"q", FILTER_TEXT},
                                                  {"type", FILTER_CHOICE, .choices = types, .preset = "all"},
                                                  {"limit", FILTER_ID},
                                                  {"matches", FILTER_FLAG},
                                                  {0}};
static const struct answer_part match_parts[] = {
    {"field", PART_TEXT}, {"text", PART_TEXT}, {"start", PART_INT}, {"length", PART_INT}, {0}};

static const struct route search_routes[] = {
    ROUTE("GET", "/api/search", LANE_SLOW, PERM_MATERIAL_READ, NULL, get_search, "搜索物料、用户、出入库单和盘点任务", .query = search_query,
          .shape = ANSWER_ARRAY,
          .parts = PARTS({"id"}, {"code", PART_TEXT}, {"name", PART_TEXT}, {"type", PART_TEXT}, {"title", PART_TEXT},
                         {"description", PART_TEXT, .nullable = true},
                         {"matches", PART_ARRAY, .parts = match_parts, .optional = true})),
};
const struct module search_module = MODULE("search", "搜索", search_routes);
