/* Owns the table settings. */
#include "domain/setting.h"

#include <string.h>

#include "base/text.h"
#include "domain/audit.h"
#include "domain/reply.h"

static bool is_zone(const char *value)
{
    return zone_find(value) != NULL;
}

static bool is_deciders(const char *value)
{
    return strcmp(value, "nobody") == 0 || strcmp(value, "administrators") == 0 || strcmp(value, "everybody") == 0;
}

static bool is_none(const char *value)
{
    return strcmp(value, "none") == 0;
}

static bool read_percent(const char *value, int64_t *percent)
{
    return text_int(value, 0, SETTING_REASON_PERCENT_MAX, percent);
}

static bool is_percent(const char *value)
{
    int64_t percent;
    return is_none(value) || read_percent(value, &percent);
}

static bool read_yuan(const char *value, struct dec *yuan)
{
    return dec_parse(value, strlen(value), yuan) == DEC_PARSED && dec_fits(*yuan, 2) && dec_sign(*yuan) >= 0 &&
           dec_cmp(*yuan, DEC_WHOLE(SETTING_REASON_VALUE_MAX)) <= 0;
}

static bool is_yuan(const char *value)
{
    struct dec yuan;
    return is_none(value) || read_yuan(value, &yuan);
}

static const struct {
    const char *key, *preset;
    bool (*valid)(const char *value);
    const char *bad_zh, *bad_en;
} settings[SETTING_COUNT] = {
    [SETTING_TIMEZONE] = {"company.timezone", "Asia/Shanghai", is_zone,
                          "未知的时区，请使用无夏令时的 IANA 名称，例如 Asia/Shanghai",
                          "is not a known time zone: an IANA name without daylight saving, such as Asia/Shanghai"},
    [SETTING_OWN_DOCUMENTS] = {"approval.own_documents", "administrators", is_deciders,
                               "应为 nobody、administrators 或 everybody", "must be nobody, administrators or everybody"},
    [SETTING_REASON_PERCENT] = {"counting.reason_percent", "none", is_percent, "应为 none 或 0 到 1000 的整数",
                                "must be none, or a whole number from 0 to 1000"},
    [SETTING_REASON_VALUE] = {"counting.reason_value", "none", is_yuan, "应为 none 或金额（元，最多两位小数）",
                              "must be none, or an amount in yuan with at most two decimals"},
};

struct setting_row {
    struct record record;
    const char *key, *value;
    int64_t updated_at;
};
static const struct field setting_fields[] = {
    FIELD(struct setting_row, key, FIELD_TEXT, F_OUT | F_SURE),
    FIELD(struct setting_row, value, FIELD_TEXT, F_IN | F_OUT | F_NEED, .max = 200, .need_zh = "设置的值不能为空",
          .need_en = "The value is required"),
    FIELD(struct setting_row, updated_at, FIELD_TIME, F_OUT | F_SURE),
};
static const struct record_type setting_type = RECORD_TYPE("Setting", struct setting_row, setting_fields);

static const struct sql SETTING_ALL = {"setting.all", "SELECT key, value, updated_at FROM settings ORDER BY key"};
static const struct sql SETTING_BY_KEY = {"setting.by_key", "SELECT key, value, updated_at FROM settings WHERE key = $1"};
static const struct sql SETTING_PUT = {
    "setting.put", "INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3) "
                   "ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"};

/* ---------------------------------------------------------------- services */

static enum rc load(struct ctx *c, const char *key, struct setting_row *out)
{
    DB_ROWS rows = NULL;
    bool more;
    *out = (struct setting_row){0};
    TRY(db_start(c->db, &SETTING_BY_KEY, DB_ARGS(DB_T(key)), &rows));
    TRY(db_next(rows, &more));
    if (more)
        record_from_row(c, &setting_type, rows, out);
    return RC_OK;
}

enum rc setting_get(struct ctx *c, enum setting which, const char **value)
{
    struct setting_row row;
    TRY(load(c, settings[which].key, &row));
    *value = row.value && settings[which].valid(row.value) ? row.value : settings[which].preset;
    return RC_OK;
}

enum rc setting_zone(struct ctx *c, const struct zone **zone)
{
    const char *name;
    TRY(setting_get(c, SETTING_TIMEZONE, &name));
    *zone = zone_find(name);
    return RC_OK;
}

enum rc setting_reason_percent(struct ctx *c, struct db_value *percent)
{
    const char *value;
    int64_t number;
    TRY(setting_get(c, SETTING_REASON_PERCENT, &value));
    *percent = read_percent(value, &number) ? DB_I(number) : DB_N;
    return RC_OK;
}

enum rc setting_reason_value(struct ctx *c, struct db_value *value)
{
    const char *text;
    struct dec yuan;
    TRY(setting_get(c, SETTING_REASON_VALUE, &text));
    *value = read_yuan(text, &yuan) ? DB_D(yuan) : DB_N;
    return RC_OK;
}

static enum rc put(struct ctx *c, enum setting which, const struct setting_row *change)
{
    struct setting_row before, after;
    TRY(load(c, settings[which].key, &before));
    after = before;
    if (!record_merge(&setting_type, &after, change))
        return RC_OK;
    TRY(db_exec(c->db, &SETTING_PUT, DB_ARGS(DB_T(settings[which].key), DB_T(after.value), DB_I(c->now_ms)), NULL));
    return audit_write(c, &(struct audit_entry){.module = "settings", .action = "update", .resource_type = "setting",
                                                .description = arena_fmt(c->arena, "更新公司设置: %s", settings[which].key),
                                                .changes = record_changes(c, &setting_type, &before, &after)});
}

/* ---------------------------------------------------------------- handlers */

static enum rc get_settings(struct call *call)
{
    return reply_rows(call, &setting_type, &SETTING_ALL, DB_NO_ARGS);
}

static bool find(const char *key, enum setting *out)
{
    for (int i = 0; key && i < SETTING_COUNT; i++)
        if (strcmp(settings[i].key, key) == 0) {
            *out = (enum setting)i;
            return true;
        }
    return false;
}

static enum rc put_setting(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct setting_row change;
    enum setting which;
    if (!find(http_param(call->http, "key"), &which))
        return error_set(&c->err, RC_SETTING_NOT_FOUND);
    TRY(record_from_json(c, &setting_type, call->body, "", RECORD_CREATE, &change));
    if (!settings[which].valid(change.value)) {
        error_fault(&c->err, c->arena, "value", "choice", settings[which].bad_zh, settings[which].bad_en,
                    text_shorten(c->arena, change.value, 100));
        return c->err.rc;
    }
    TRY(put(c, which, &change));
    return reply_message(call, "设置更新成功", "Setting updated");
}

static const struct route setting_routes[] = {
    ROUTE("GET", "/api/settings", LANE_READ, PERM_SIGNED_IN, NULL, get_settings, "公司设置", .shape = ANSWER_ARRAY,
          .answer = &setting_type),
    ROUTE("PUT", "/api/settings/:key", LANE_WRITE, PERM_SETTING_WRITE, &setting_type, put_setting, "更新公司设置",
          .refusals = REFUSALS(RC_SETTING_NOT_FOUND)),
};
const struct module setting_module = MODULE("settings", "公司设置", setting_routes);
