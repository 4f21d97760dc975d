/* What lies in store by lot and place: when it expires, how old it is, where it is. Tables: balances, lots, materials, locations.
 *
 * The value of a material's stock is shared out over its lots and places in their order, each part the difference of two shares, so
 * that all parts of a material are its value to the fen, and all classes of an answer the value of the whole stock.
 * A named lot is as old as its record; what has no lot is as old as the material's last receipt from outside, opening stock among them. */
#include "domain/analysis.h"

#include <stdlib.h>

#include "domain/list.h"
#include "domain/reply.h"
#include "domain/unit.h"

#define WALK_ROWS 20000 /* at a time: libpq keeps the whole of a result */
#define PLACES_MAX 5000

#define SINCE                                                                                                          \
    "(CASE WHEN lo.lot_no = '' THEN COALESCE((SELECT v.posted_at FROM moves v WHERE v.material_id = b.material_id "     \
    "AND (v.from_location_id = 1 OR (v.from_location_id = 3 AND (SELECT d.purpose FROM documents d WHERE d.id = v.document_id) = 'opening')) ORDER BY v.seq DESC LIMIT 1), lo.created_at) ELSE lo.created_at END)"
#define WALK(SINCE_VALUE)                                                                                              \
    "SELECT b.material_id, b.lot_id, b.location_id, b.quantity, m.current_stock, m.stock_value, lo.expires_day, "      \
    "CASE WHEN COALESCE(m.ghs_pictograms, '') = '' THEN 0 ELSE 1 END AS hazardous, " SINCE_VALUE " AS since "          \
    "FROM balances b JOIN materials m ON m.id = b.material_id JOIN lots lo ON lo.id = b.lot_id "                        \
    "WHERE (b.material_id, b.lot_id, b.location_id) > ($1, $2, $3) AND b.is_real = 1 AND b.quantity > 0 "                \
    "ORDER BY b.material_id, b.lot_id, b.location_id LIMIT $4"
static const struct sql WALK_PARTS = {"analysis.parts", WALK("lo.created_at")};
static const struct sql WALK_AGED = {"analysis.aged_parts", WALK(SINCE)};
static const struct sql PLACES = {
    "analysis.places", "SELECT id, parent_id, code, name_zh, name_en FROM locations WHERE is_real = 1 ORDER BY id LIMIT $1"};

/* $1: 0 any day of expiry, 1 from $2 to $3, 2 none. $4: 1 received from $5 and before $6. $7: a place, or 0. */
#define CHOSEN                                                                                                         \
    "FROM balances b JOIN materials m ON m.id = b.material_id JOIN lots lo ON lo.id = b.lot_id "                        \
    "WHERE b.is_real = 1 AND b.quantity > 0 AND (CAST($1 AS BIGINT) = 0 "                                               \
    "OR (CAST($1 AS BIGINT) = 2 AND lo.expires_day IS NULL) OR (CAST($1 AS BIGINT) = 1 AND lo.expires_day >= $2 AND lo.expires_day <= $3)) " \
    "AND (CAST($4 AS BIGINT) = 0 OR (" SINCE " >= $5 AND " SINCE " < $6)) "                                               \
    "AND (CAST($7 AS BIGINT) = 0 OR b.location_id = $7)"
static const struct sql ROWS = {
    "analysis.lots",
    "WITH page AS (SELECT b.material_id, b.lot_id, b.location_id, " SINCE " AS received_at, "
    "CASE WHEN CAST($4 AS BIGINT) = 1 THEN " SINCE " ELSE COALESCE(lo.expires_day, 9000000000) END AS place " CHOSEN
    " ORDER BY place, b.material_id, b.lot_id, b.location_id LIMIT $8 OFFSET $9) "
    "SELECT p.material_id, p.lot_id, p.location_id, p.received_at, m.material_code, m.material_name, m.category, un.code AS unit, " UNIT_DECIMALS_OF ", lo.lot_no, "
    "lo.expires_day AS expires_on, pl.code AS location_code, pl.name_zh AS location_name, b.quantity, m.current_stock, m.stock_value, "
    "CAST((SELECT COALESCE(SUM(o.quantity), 0) FROM balances o WHERE o.material_id = p.material_id AND o.is_real = 1 "
    "AND (o.lot_id, o.location_id) < (p.lot_id, p.location_id)) AS BIGINT) AS earlier "
    "FROM page p JOIN balances b ON b.material_id = p.material_id AND b.lot_id = p.lot_id AND b.location_id = p.location_id "
    "JOIN materials m ON m.id = p.material_id JOIN units un ON un.id = m.unit_id JOIN lots lo ON lo.id = p.lot_id "
    "JOIN locations pl ON pl.id = p.location_id ORDER BY p.place, p.material_id, p.lot_id, p.location_id"};
static const struct sql ROWS_COUNT = {"analysis.lots_count", "SELECT COUNT(*) AS n " CHOSEN};

/* ---------------------------------------------------------------- all parts of the stock, one by one */

/* A lot of a material at a place. */
struct part {
    int64_t material_id, location_id, expires_day, since_ms;
    bool expires, hazardous;
    struct dec value;
};

/* What a quantity after `before` is worth of the material's stock. */
static enum rc part_value(struct db_rows *rows, struct dec before, struct dec *after, struct dec *value)
{
    struct dec stock = db_dec(rows, "current_stock"), worth = db_dec(rows, "stock_value"), low, high;
    TRY(dec_add(before, db_dec(rows, "quantity"), after));
    TRY(dec_share(worth, before, stock, 2, &low));
    TRY(dec_share(worth, *after, stock, 2, &high));
    return dec_sub(high, low, value);
}

struct walk {
    int64_t material_id, lot_id, location_id; /* the last one seen */
    struct dec before;                        /* of its material, with it */
    int64_t seen;                             /* of this statement */
};

static enum rc walk_row(struct walk *at, struct db_rows *rows, struct part *out)
{
    int64_t material = db_int(rows, "material_id");
    if (material != at->material_id)
        at->before = DEC_ZERO;
    *out = (struct part){.material_id = material, .location_id = db_int(rows, "location_id"), .since_ms = db_int(rows, "since"),
                         .expires = !db_is_null(rows, "expires_day"), .hazardous = db_int(rows, "hazardous") != 0};
    out->expires_day = out->expires ? db_int(rows, "expires_day") : 0;
    TRY(part_value(rows, at->before, &at->before, &out->value));
    at->material_id = material;
    at->lot_id = db_int(rows, "lot_id");
    at->location_id = out->location_id;
    at->seen++;
    return RC_OK;
}

static enum rc walk_some(struct ctx *c, const struct sql *sql, struct walk *at, void (*each)(void *arg, const struct part *p), void *arg)
{
    DB_ROWS rows = NULL;
    bool more;
    at->seen = 0;
    TRY(db_start(c->db, sql, DB_ARGS(DB_I(at->material_id), DB_I(at->lot_id), DB_I(at->location_id), DB_I(WALK_ROWS)), &rows));
    TRY(db_next(rows, &more));
    while (more) {
        struct part p;
        TRY(walk_row(at, rows, &p));
        each(arg, &p);
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

/* Materials come together, each lot of them once for each place. */
static enum rc walk_parts(struct ctx *c, const struct sql *sql, void (*each)(void *arg, const struct part *p), void *arg)
{
    struct walk at = {0};
    do
        TRY(walk_some(c, sql, &at, each, arg));
    while (at.seen == WALK_ROWS);
    return RC_OK;
}

/* ---------------------------------------------------------------- classes of days */

static const char *const expiry_names[] = {"expired", "30", "90", "180", "later", "none", NULL};
static const int64_t expiry_days[] = {-1, 30, 90, 180, INT32_MAX}; /* the last day of each, from today on */
static const char *const age_names[] = {"30", "90", "180", "365", "older", NULL};
static const int64_t age_days[] = {30, 90, 180, 365, INT32_MAX};
#define CLASSES_MAX 6

struct figures {
    int64_t lots, materials, last_material;
    struct dec value;
};

static void count_part(struct figures *f, const struct part *p)
{
    f->lots++;
    f->materials += f->last_material != p->material_id;
    f->last_material = p->material_id;
    f->value = analysis_plus(f->value, p->value);
}

static size_t class_of(const int64_t *last_days, int64_t days)
{
    size_t i = 0;
    while (days > last_days[i])
        i++;
    return i;
}

struct classes {
    struct analysis_days days;
    struct figures of[CLASSES_MAX];
};

static void by_expiry(void *arg, const struct part *p)
{
    struct classes *all = arg;
    count_part(&all->of[p->expires ? class_of(expiry_days, p->expires_day - all->days.today) : 5], p);
}

static void by_age(void *arg, const struct part *p)
{
    struct classes *all = arg;
    count_part(&all->of[class_of(age_days, all->days.today - zone_day(all->days.zone, p->since_ms))], p);
}

static enum rc write_classes(struct call *call, const struct sql *sql, const char *const *names, void (*each)(void *arg, const struct part *p))
{
    struct ctx *c = &call->ctx;
    struct classes all = {0};
    TRY(analysis_days(c, &all.days));
    TRY(walk_parts(c, sql, each, &all));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (size_t i = 0; names[i]; i++) {
        jw_object(&w);
        jw_member_text(&w, "name", names[i]);
        jw_member_int(&w, "lots", all.of[i].lots);
        jw_member_int(&w, "materials", all.of[i].materials);
        jw_member_dec(&w, "value", all.of[i].value);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    return reply_end(call, &w);
}

static enum rc write_expiry(struct call *call)
{
    return write_classes(call, &WALK_PARTS, expiry_names, by_expiry);
}

static enum rc write_ageing(struct call *call)
{
    return write_classes(call, &WALK_AGED, age_names, by_age);
}

static enum rc get_expiry(struct call *call)
{
    return analysis_remembered(call, "expiry", TOPIC_MATERIALS | TOPIC_STOCK, write_expiry);
}

static enum rc get_ageing(struct call *call)
{
    return analysis_remembered(call, "ageing", TOPIC_MATERIALS | TOPIC_STOCK, write_ageing);
}

/* ---------------------------------------------------------------- places */

struct place {
    int64_t id, parent_id;
    const char *code, *name_zh, *name_en;
    struct figures all, hazardous;
};

struct places {
    struct place *of;
    size_t n;
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static void by_place(void *arg, const struct part *p)
{
    struct places *places = arg;
    struct place wanted = {.id = p->location_id}, *found = bsearch(&wanted, places->of, places->n, sizeof wanted, compare_places);
    if (!found)
        return;
    count_part(&found->all, p);
    if (p->hazardous)
        count_part(&found->hazardous, p);
}

static enum rc read_places(struct ctx *c, struct places *out)
{
    DB_ROWS rows = NULL;
    bool more;
    out->of = arena_array(c->arena, PLACES_MAX, sizeof *out->of);
    TRY(db_start(c->db, &PLACES, DB_ARGS(DB_I(PLACES_MAX)), &rows));
    TRY(db_next(rows, &more));
    while (more && out->n < PLACES_MAX) {
        out->of[out->n++] = (struct place){.id = db_int(rows, "id"),
                                           .parent_id = db_is_null(rows, "parent_id") ? 0 : db_int(rows, "parent_id"),
                                           .code = arena_dup(c->arena, db_text(rows, "code")),
                                           .name_zh = arena_dup(c->arena, db_text(rows, "name_zh")),
                                           .name_en = arena_dup(c->arena, db_text(rows, "name_en"))};
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

static void write_place(struct json_writer *w, const struct place *p)
{
    jw_object(w);
    jw_member_int(w, "id", p->id);
    jw_name(w, "parent_id");
    if (p->parent_id)
        jw_int(w, p->parent_id);
    else
        jw_null(w);
    jw_member_text(w, "code", p->code);
    jw_member_text(w, "name_zh", p->name_zh);
    jw_member_text(w, "name_en", p->name_en);
    jw_member_int(w, "lots", p->all.lots);
    jw_member_int(w, "materials", p->all.materials);
    jw_member_int(w, "hazardous", p->hazardous.materials);
    jw_member_dec(w, "value", p->all.value);
    jw_object_end(w);
}

static enum rc get_places(struct call *call)
{
    struct places places = {0};
    TRY(read_places(&call->ctx, &places));
    TRY(walk_parts(&call->ctx, &WALK_PARTS, by_place, &places));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_array(&w);
    for (size_t i = 0; i < places.n; i++)
        write_place(&w, &places.of[i]);
    jw_array_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- the rows behind */

struct lot_row {
    struct record record;
    int64_t material_id, unit_decimals, lot_id, location_id, expires_on, received_at;
    const char *material_code, *material_name, *category, *unit, *lot_no, *location_code, *location_name;
    struct dec quantity;
};
static const struct field lot_fields[] = {
    FIELD(struct lot_row, material_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct lot_row, material_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct lot_row, material_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct lot_row, category, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct lot_row, unit, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct lot_row, unit_decimals, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct lot_row, lot_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct lot_row, lot_no, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct lot_row, expires_on, FIELD_DAY, F_OUT),
    FIELD(struct lot_row, received_at, FIELD_TIME, F_OUT | F_SURE),
    FIELD(struct lot_row, location_id, FIELD_INT, F_OUT | F_SURE),
    FIELD(struct lot_row, location_code, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct lot_row, location_name, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct lot_row, quantity, FIELD_DEC, F_OUT | F_SURE),
};
static const struct record_type lot_type = RECORD_TYPE("LotInStore", struct lot_row, lot_fields);

#define CHOSEN_ARGS 7
#define ROW_ARGS 9

/* The values of CHOSEN. */
static enum rc read_chosen(struct call *call, struct db_value args[static ROW_ARGS])
{
    struct ctx *c = &call->ctx;
    struct analysis_days d;
    TRY(analysis_days(c, &d));
    int expiry = analysis_choice(call, "expiry", expiry_names), age = analysis_choice(call, "age", age_names);
    const char *place = http_query(call->http, "locationId");
    int64_t first = expiry > 0 && expiry < 5 ? d.today + expiry_days[expiry - 1] + 1 : INT32_MIN;
    int64_t last = expiry >= 0 && expiry < 5 ? d.today + expiry_days[expiry] : 0;
    /* Of days: the newer end is in the class, the older one is the newest of the next class. */
    int64_t newest = age > 0 ? d.today - age_days[age - 1] : INT32_MAX;
    int64_t oldest = age >= 0 && age < 4 ? d.today - age_days[age] : -INT32_MAX;
    args[0] = DB_I(expiry < 0 ? 0 : expiry == 5 ? 2 : 1);
    args[1] = DB_I(first);
    args[2] = DB_I(last);
    args[3] = DB_I(age >= 0);
    args[4] = DB_I(zone_day_start_ms(d.zone, oldest));
    args[5] = DB_I(zone_day_start_ms(d.zone, newest));
    args[6] = DB_I(place && *place ? list_number(call, "locationId", 1, INT64_MAX) : 0);
    return c->err.rc;
}

static enum rc write_lots(struct json_writer *w, struct db_rows *rows)
{
    bool more;
    TRY(db_next(rows, &more));
    while (more) {
        struct dec after, value;
        TRY(part_value(rows, db_dec(rows, "earlier"), &after, &value));
        jw_object(w);
        record_write_row(w, &lot_type, rows);
        jw_member_dec(w, "value", value);
        jw_object_end(w);
        TRY(db_next(rows, &more));
    }
    return RC_OK;
}

static enum rc get_lots(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct db_value args[ROW_ARGS];
    struct analysis_page p = analysis_page(call);
    int64_t total;
    TRY(read_chosen(call, args));
    args[7] = DB_I(p.size);
    args[8] = DB_I(p.offset);
    TRY(ctx_number(c, &ROWS_COUNT, args, CHOSEN_ARGS, &total));
    DB_ROWS rows = NULL;
    TRY(db_start(c->db, &ROWS, args, ROW_ARGS, &rows));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    jw_name(&w, "list");
    jw_array(&w);
    TRY(write_lots(&w, rows));
    jw_array_end(&w);
    list_write_place(&w, total, p.page, p.size, NULL);
    jw_object_end(&w);
    return reply_end(call, &w);
}

/* ---------------------------------------------------------------- routes */

#define CLASS_PARTS PARTS({"name", PART_TEXT}, {"lots"}, {"materials"}, {"value", PART_DEC})
static const struct list_filter lots_query[] = {{"expiry", FILTER_CHOICE, .choices = expiry_names},
                                                {"age", FILTER_CHOICE, .choices = age_names},
                                                {"locationId", FILTER_ID},
                                                {"page", FILTER_ID},
                                                {"pageSize", FILTER_ID},
                                                {0}};

static const struct route lots_routes[] = {
    ROUTE("GET", "/api/analysis/expiry", LANE_SLOW, PERM_REPORT_READ, NULL, get_expiry, "库存价值按剩余有效期", .shape = ANSWER_ARRAY,
          .parts = CLASS_PARTS),
    ROUTE("GET", "/api/analysis/ageing", LANE_SLOW, PERM_REPORT_READ, NULL, get_ageing, "库存价值按库龄", .shape = ANSWER_ARRAY,
          .parts = CLASS_PARTS),
    ROUTE("GET", "/api/analysis/places", LANE_SLOW, PERM_REPORT_READ, NULL, get_places, "各库位的库存", .shape = ANSWER_ARRAY,
          .parts = PARTS({"id"}, {"parent_id", .nullable = true}, {"code", PART_TEXT}, {"name_zh", PART_TEXT},
                         {"name_en", PART_TEXT, .nullable = true}, {"lots"}, {"materials"}, {"hazardous"}, {"value", PART_DEC})),
    ROUTE("GET", "/api/analysis/lots", LANE_SLOW, PERM_REPORT_READ, NULL, get_lots, "在库批次", .query = lots_query,
          .parts = PARTS({"list", PART_ARRAY, &lot_type, PARTS({"value", PART_DEC})}, {"total"}, {"page"}, {"pageSize"},
                         {"nextCursor", PART_TEXT, .nullable = true})),
};
const struct module analysis_lots_module = MODULE("analysis-lots", "库存分析", lots_routes);
