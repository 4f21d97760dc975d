/* mms demo: the catalogue of 189 materials and about 90 days of documents, made through the services, always the same. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/password.h"
#include "domain/document.h"
#include "domain/material.h"
#include "domain/unit.h"
#include "domain/user.h"
#include "ops/demo_csv.h"
#include "ops/tool.h"

#define DAYS 90
#define USED_UP 9 /* materials: every 20th, from the third on */
#define USED_UP_FIRST 3
#define USED_UP_STRIDE 20
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define MATERIALS_MAX 400

extern const char demo_catalogue[]; /* backend/data/hydrogen-materials.csv, embedded */

struct demo {
    struct tool *tool;
    struct csv csv;
    uint64_t random;
    int64_t first_day_ms; /* 08:00 in the company's zone of the first day */
    int64_t decided_ms;   /* when the last document was decided */
    int64_t keeper, manager;
    int64_t materials[MATERIALS_MAX];
    int64_t levels[MATERIALS_MAX]; /* what the store holds of it when it is full, whole units */
    size_t count;
};

/* What one transaction is to do; `at_ms` is its time. */
struct step {
    struct demo *demo;
    int64_t at_ms, actor;
    enum role role;
    enum rc (*run)(struct ctx *c, struct step *s);
    const char *username, *real_name, *user_role, *hash;
    struct new_document document;
    int64_t document_id;
    bool approve;
    const char *remark;
    size_t row, stride; /* the first material of a document, and how far apart the next ones are (0: 61) */
};

static uint64_t below(struct demo *d, uint64_t n)
{
    d->random ^= d->random << 13; /* xorshift64 */
    d->random ^= d->random >> 7;
    d->random ^= d->random << 17;
    return d->random % n;
}

static enum rc run_step(struct ctx *c, void *arg)
{
    struct step *s = arg;
    c->now_ms = s->at_ms;
    c->actor.user_id = s->actor;
    c->actor.role = s->role;
    c->actor.permissions = role_permissions(s->role);
    return s->run(c, s);
}

static enum rc do_step(struct step *s)
{
    return tool_run(s->demo->tool, run_step, s);
}

/* ---------------------------------------------------------------- people */

static enum rc add_person(struct ctx *c, struct step *s)
{
    bool must_change = c->settings->mode != MODE_DEVELOPMENT;
    struct user u = {.username = s->username, .role = s->user_role, .real_name = s->real_name, .status = "active",
                     .password_hash = s->hash, .must_change_password = must_change};
    return user_add(c, &u, &s->document_id);
}

static enum rc person(struct demo *d, const char *username, const char *role, const char *real_name, int64_t *id)
{
    char password[PASSWORD_RANDOM_MAX], hash[PASSWORD_HASH_MAX];
    const char *given = d->tool->settings.admin_initial_password;
    password_random(password);
    TRY(password_hash(given ? given : password, hash));
    struct step s = {.demo = d, .at_ms = d->first_day_ms, .run = add_person, .username = username, .user_role = role,
                     .real_name = real_name, .hash = hash};
    TRY(do_step(&s));
    *id = s.document_id;
    if (!given)
        printf("%s (%s)   一次性密码 / one-time password: %s\n", username, real_name, password);
    return RC_OK;
}

/* ---------------------------------------------------------------- catalogue */

static const struct {
    const char *code, *zh, *en;
} unit_names[] = {
    {"kg", "千克", "kilogram"}, {"g", "克", "gram"},          {"L", "升", "litre"},      {"mL", "毫升", "millilitre"},
    {"m²", "平方米", "square metre"}, {"m", "米", "metre"},     {"片", "片", "sheet"},     {"个", "个", "piece"},
    {"瓶", "瓶", "bottle"},     {"台", "台", "unit"},         {"只", "只", "piece"},     {"件", "件", "item"},
    {"支", "支", "stick"},      {"根", "根", "rod"},          {"组", "组", "set"},       {"块", "块", "block"},
};

static int64_t unit_decimals(const struct csv *csv, const char *code)
{
    int64_t most = 0;
    for (size_t i = 0; i < csv->rows; i++)
        if (strcmp(csv_get(csv, i, "unit"), code) == 0 && *csv_get(csv, i, "qty_decimals") - '0' > most)
            most = *csv_get(csv, i, "qty_decimals") - '0';
    return most;
}

static enum rc add_units(struct ctx *c, struct step *s)
{
    for (size_t i = 0; i < sizeof unit_names / sizeof *unit_names; i++)
        TRY(unit_put(c, unit_names[i].code, unit_names[i].zh, unit_names[i].en, unit_decimals(&s->demo->csv, unit_names[i].code)));
    return RC_OK;
}

/* About how much of a material a store holds, in its unit. */
static int64_t level_of(struct demo *d, const char *unit)
{
    static const struct {
        const char *unit;
        int64_t low, high;
    } levels[] = {{"g", 80, 600}, {"kg", 40, 500}, {"L", 40, 240}, {"mL", 400, 2000}, {"m²", 30, 200}, {"m", 100, 400},
                  {"片", 100, 800}, {"个", 60, 600}, {"瓶", 12, 60}};
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(levels[i].unit, unit) == 0)
            return levels[i].low + (int64_t)below(d, (uint64_t)(levels[i].high - levels[i].low));
    return 8 + (int64_t)below(d, 24);
}

/* The catalogue's row as a body, so that the same checks apply as for everybody. */
static const struct json *row_as_body(struct ctx *c, struct demo *d, size_t row, int64_t level)
{
    static const char *const names[][2] = {{"code", "material_code"}, {"name_zh", "material_name"}, {"ghs_pictograms", NULL},
                                           {"name_en", NULL}, {"category", NULL}, {"subcategory", NULL}, {"unit", NULL},
                                           {"qty_decimals", NULL}, {"cas_no", NULL}, {"un_no", NULL},
                                           {"hazard_statements", NULL}, {"storage_class", NULL}, {"control_flags", NULL},
                                           {"metal_grade", NULL}, {"standard", NULL}, {"track_by", NULL},
                                           {"shelf_life_days", NULL}, {"shelf_life_basis", NULL},
                                           {"periodic_inspection_days", NULL}, {"storage_condition", NULL},
                                           {"cert_required", NULL}, {"cas_check", NULL}, {"note", NULL}};
    struct json *body = arena_new(c->arena, struct json);
    body->type = JSON_OBJECT;
    for (size_t i = 0; i < sizeof names / sizeof *names + 2; i++) {
        struct json *v = arena_new(c->arena, struct json);
        size_t known = sizeof names / sizeof *names;
        v->type = JSON_STRING;
        v->name = i < known ? (names[i][1] ? names[i][1] : names[i][0]) : i == known ? "min_stock" : "max_stock";
        v->text = i < known ? csv_get(&d->csv, row, names[i][0])
                            : arena_fmt(c->arena, "%lld", (long long)(i == known ? level / 4 : level * 3 / 2));
        v->n = strlen(v->text);
        v->next = body->first;
        body->first = v;
        body->n++;
    }
    return body;
}

static enum rc add_material(struct ctx *c, struct step *s)
{
    struct demo *d = s->demo;
    struct material m;
    int64_t level = level_of(d, csv_get(&d->csv, s->row, "unit"));
    TRY(record_from_json(c, &material_type, row_as_body(c, d, s->row, level), "", RECORD_CREATE, &m));
    d->levels[d->count] = level;
    return material_add(c, &m, &d->materials[d->count]);
}

/* ---------------------------------------------------------------- documents */

static struct dec amount_of(struct demo *d, int64_t whole, int64_t decimals)
{
    struct dec out = DEC_WHOLE(1);
    char text[DEC_TEXT_MAX * 2];
    int n = decimals ? snprintf(text, sizeof text, "%lld.%d", (long long)whole, (int)below(d, 10))
                     : snprintf(text, sizeof text, "%lld", (long long)(whole ? whole : 1));
    if (dec_parse(text, (size_t)n, &out) != DEC_PARSED || dec_sign(out) <= 0)
        out = DEC_WHOLE(1);
    return out;
}

static void set_has(struct new_line *l, const char *field)
{
    for (size_t i = 0; i < new_line_type.count; i++)
        if (strcmp(new_line_type.fields[i].name, field) == 0)
            l->record.has |= UINT64_C(1) << i;
}

/* Fills the line; not useful when the material has nothing to issue, or needs no receipt. */
static enum rc fill_line(struct ctx *c, struct step *s, size_t which, struct new_line *l, bool *useful)
{
    struct demo *d = s->demo;
    struct material m;
    TRY(material_get(c, d->materials[which], &m));
    int64_t level = d->levels[which], share = s->document.receipt ? 2 : 12 + (int64_t)below(d, 30);
    if (s->document.purpose && strcmp(s->document.purpose, "opening") == 0)
        share = 1;
    *l = (struct new_line){.material_id = m.id, .quantity = amount_of(d, level / share, m.unit_decimals)};
    bool opening = s->document.purpose != NULL;
    *useful = s->document.receipt ? opening || dec_cmp(m.current_stock, DEC_WHOLE(level * 17 / 20)) < 0 /* nobody buys what is there */
                                  : dec_cmp(m.current_stock, l->quantity) > 0;
    if (!s->document.receipt)
        return RC_OK;
    bool precious = m.control_flags && strstr(m.control_flags, "贵金属");
    l->unit_price = amount_of(d, precious ? 200 + (int64_t)below(d, 600) : 5 + (int64_t)below(d, 300), 1);
    set_has(l, "unit_price");
    if (!m.shelf_life_days)
        return RC_OK;
    char day[DAY_TEXT_MAX];
    int64_t today = zone_day(zone_find("Asia/Shanghai"), s->at_ms);
    day_print_compact(today, day);
    l->lot_no = arena_fmt(c->arena, "B%s-%02d", day, (int)below(d, 90) + 10);
    l->expires_on = today + m.shelf_life_days;
    set_has(l, "expires_on");
    return RC_OK;
}

static enum rc add_document(struct ctx *c, struct step *s)
{
    const char *number;
    struct new_document doc = s->document;
    size_t wanted = doc.count, first = s->row;
    doc.lines = arena_array(c->arena, wanted, sizeof *doc.lines);
    doc.count = 0;
    for (size_t i = 0; i < wanted; i++) {
        bool useful;
        /* 61 and the number of materials have no common factor: neighbours are different materials */
        size_t stride = doc.purpose ? 1 : s->stride ? s->stride : 61;
        size_t which = (first + i * stride) % s->demo->count;
        TRY(fill_line(c, s, which, &doc.lines[doc.count], &useful));
        doc.count += useful;
    }
    s->document_id = 0;
    return doc.count ? document_add(c, &doc, &s->document_id, &number) : RC_OK;
}

static enum rc decide(struct ctx *c, struct step *s)
{
    return document_decide(c, s->document_id, s->approve, s->remark);
}

static enum rc document(struct demo *d, struct step *s, int64_t at_ms, bool decided, bool approve)
{
    s->demo = d;
    s->at_ms = at_ms;
    s->actor = d->keeper;
    s->role = ROLE_REGULAR_USER;
    s->run = add_document;
    TRY(do_step(s));
    if (!s->document_id || !decided)
        return RC_OK;
    /* One after the other: on a stock card the times go with the balances. */
    s->at_ms = at_ms + (int64_t)(10 + below(d, 170)) * 60000;
    if (s->at_ms <= d->decided_ms)
        s->at_ms = d->decided_ms + 60000;
    d->decided_ms = s->at_ms;
    s->actor = d->manager;
    s->role = ROLE_INVENTORY_MANAGER;
    s->approve = approve;
    s->remark = approve ? NULL : "数量与领料计划不符，请核对后重新提交";
    s->run = decide;
    enum rc rc = do_step(s);
    return rc == RC_INSUFFICIENT_STOCK ? RC_OK : rc; /* it stays pending, as in life */
}

static enum rc opening(struct demo *d)
{
    for (size_t at = 0; at < d->count; at += 30) {
        struct step s = {.row = at, .document = {.receipt = true, .purpose = "opening", .remark = "期初库存",
                                                 .count = d->count - at < 30 ? d->count - at : 30}};
        TRY(document(d, &s, d->first_day_ms + (int64_t)at * 60000, true, true));
    }
    return RC_OK;
}

/* In the last month some materials are used up nearly, so that there is something to warn of. */
static enum rc use_up(struct demo *d, int64_t evening)
{
    struct step s = {.row = USED_UP_FIRST, .stride = USED_UP_STRIDE, .document = {.count = USED_UP, .remark = "集中领用"}};
    return document(d, &s, evening, true, true);
}

static enum rc one_day(struct demo *d, int64_t day)
{
    static const char *const reasons[] = {"电堆装配领料", "膜电极试制", "储氢瓶缠绕批次", "例行检验取样", "设备维护", NULL};
    int64_t morning = d->first_day_ms + day * DAY_MS;
    if ((day + 4) % 7 == 6)
        return RC_OK; /* a day of rest */
    size_t count = 3 + below(d, 5);
    for (size_t i = 0; i < count; i++) {
        bool receipt = below(d, 10) < 3;
        struct step s = {.row = below(d, d->count),
                         .document = {.receipt = receipt, .count = 1 + below(d, 4),
                                      .remark = receipt ? "采购到货" : reasons[below(d, 5)]}};
        bool decided = day < DAYS - 3 || below(d, 3) == 0; /* some of the last days still wait */
        int64_t minute = (int64_t)((i * 420 + below(d, 420)) / count);
        TRY(document(d, &s, morning + minute * 60000, decided, below(d, 20) != 0));
    }
    return day > DAYS - 45 && day < DAYS - 3 ? use_up(d, morning + INT64_C(430) * 60000) : RC_OK;
}

static enum rc fill(struct demo *d)
{
    struct step units = {.demo = d, .at_ms = d->first_day_ms, .run = add_units};
    TRY(person(d, "keeper", "regular_user", "仓库保管员（演示）", &d->keeper));
    TRY(person(d, "manager", "inventory_manager", "库存主管（演示）", &d->manager));
    TRY(do_step(&units));
    for (size_t row = 0; row < d->csv.rows && d->count < MATERIALS_MAX; row++) {
        struct step s = {.demo = d, .at_ms = d->first_day_ms - (int64_t)(d->csv.rows - row) * 1000, .actor = d->manager,
                         .role = ROLE_INVENTORY_MANAGER, .run = add_material, .row = row};
        TRY(do_step(&s));
        d->count++;
    }
    TRY(opening(d));
    for (int64_t day = 1; day < DAYS; day++)
        TRY(one_day(d, day));
    return RC_OK;
}

static enum rc count_materials(struct ctx *c, void *arg)
{
    static const struct sql COUNT = {"demo.materials", "SELECT COUNT(*) AS n FROM materials"};
    return ctx_number(c, &COUNT, DB_NO_ARGS, arg);
}

static int run_on(struct tool *t)
{
    struct demo *d = arena_new(&t->arena, struct demo);
    const struct zone *zone = zone_find("Asia/Shanghai");
    int64_t present = 0;
    enum rc rc = tool_run(t, count_materials, &present);
    if (rc == RC_OK && present) {
        printf("数据库中已有物料，未做任何更改 / the database has materials already: nothing was changed\n");
        return EXIT_OK;
    }
    d->tool = t;
    d->random = UINT64_C(20260501);
    d->first_day_ms = zone_day_start_ms(zone, zone_day(zone, clock_now_ms()) - DAYS) + 8 * 3600 * 1000;
    csv_read(&t->arena, demo_catalogue, &d->csv);
    if (rc == RC_OK)
        rc = tool_first_administrator(t, stdout);
    if (rc == RC_OK)
        rc = fill(d);
    if (rc != RC_OK) {
        tool_print_error("demo", rc, &t->err);
        return EXIT_FAILED;
    }
    printf("演示数据已就绪 / demo data are in place: %zu materials, %d days of documents\n", d->count, DAYS);
    return EXIT_OK;
}

static int run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    struct tool t;
    int code = tool_open(&t, "demo");
    if (code == EXIT_OK) {
        code = run_on(&t);
        tool_close(&t);
    }
    return code;
}

const struct command demo_command = {
    .name = "demo",
    .summary = "load the demo catalogue and 90 days of documents",
    .help = "usage: mms demo\n\nFills an empty database (DATABASE_URL or DB_PATH): 189 materials, accounts admin, keeper and manager, opening stock and\n"
            "about 90 days of receipts and issues, some pending, some materials below their minimum. A database that has\n"
            "materials is left alone. ADMIN_INITIAL_PASSWORD, when set, is the password of all three.\n",
    .run = run,
};
