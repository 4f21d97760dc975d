/* Owns the table user_preferences. Invariant: each person reads and changes his own only, whoever he is. */
#include "domain/preference.h"

#include <ctype.h>
#include <string.h>

#include "domain/reply.h"

#define NAME_MAX_CHARS 64

struct preference {
    struct record record;
    const char *key, *value;
    int64_t updated_at;
};
static const struct field preference_fields[] = {
    FIELD(struct preference, key, FIELD_TEXT, F_OUT | F_SURE, .example = "look"),
    FIELD(struct preference, value, FIELD_TEXT, F_IN | F_OUT | F_NEED | F_RAW, .max = PREFERENCE_VALUE_MAX,
          .example = "{\"theme\":\"dark\"}", .need_zh = "偏好设置的值不能为空", .need_en = "The value is required"),
    FIELD(struct preference, updated_at, FIELD_TIME, F_OUT | F_SURE),
};
static const struct record_type preference_type = RECORD_TYPE("Preference", struct preference, preference_fields);

static const struct sql ALL = {"preference.of_user", "SELECT key, value, updated_at FROM user_preferences WHERE user_id = $1 ORDER BY key"};
static const struct sql BY_KEY = {"preference.by_key",
                                  "SELECT key, value, updated_at FROM user_preferences WHERE user_id = $1 AND key = $2"};
static const struct sql COUNT_OTHERS = {"preference.count_others",
                                        "SELECT COUNT(*) AS n FROM user_preferences WHERE user_id = $1 AND key <> $2"};
static const struct sql PUT = {"preference.put",
                               "INSERT INTO user_preferences (user_id, key, value, updated_at) VALUES ($1, $2, $3, $4) "
                               "ON CONFLICT (user_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at"};
static const struct sql REMOVE = {"preference.remove", "DELETE FROM user_preferences WHERE user_id = $1 AND key = $2"};
static const struct sql FORGET = {"preference.forget", "DELETE FROM user_preferences WHERE user_id = $1"};

bool preference_is_name(const char *text)
{
    size_t n = strlen(text);
    if (n < 1 || n > NAME_MAX_CHARS || !(*text >= 'a' && *text <= 'z'))
        return false;
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '.' && *p != '_' && *p != '-')
            return false;
    return true;
}

enum rc preference_forget(struct ctx *c, int64_t user_id)
{
    return db_exec(c->db, &FORGET, DB_ARGS(DB_I(user_id)), NULL);
}

/* The path's key; a name that none can have is one of which there is no preference. */
static enum rc read_key(struct call *call, const char **key)
{
    *key = http_param(call->http, "key");
    return *key && preference_is_name(*key) ? RC_OK : error_set(&call->ctx.err, RC_PREFERENCE_NOT_FOUND);
}

static enum rc put(struct ctx *c, const char *key, const char *value)
{
    int64_t others;
    TRY(ctx_number(c, &COUNT_OTHERS, DB_ARGS(DB_I(c->actor.user_id), DB_T(key)), &others));
    if (others >= PREFERENCES_MAX)
        return error_set(&c->err, RC_PREFERENCE_LIMIT);
    return db_exec(c->db, &PUT, DB_ARGS(DB_I(c->actor.user_id), DB_T(key), DB_T(value), DB_I(c->now_ms)), NULL);
}

static enum rc load(struct ctx *c, const char *key, struct preference *out)
{
    DB_ROWS rows = NULL;
    bool found;
    TRY(db_start(c->db, &BY_KEY, DB_ARGS(DB_I(c->actor.user_id), DB_T(key)), &rows));
    TRY(db_next(rows, &found));
    if (!found)
        return error_set(&c->err, RC_PREFERENCE_NOT_FOUND);
    record_from_row(c, &preference_type, rows, out);
    return RC_OK;
}

static enum rc get_preferences(struct call *call)
{
    return reply_rows(call, &preference_type, &ALL, DB_ARGS(DB_I(call->ctx.actor.user_id)));
}

static enum rc put_preference(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct preference change, stored;
    const char *key;
    TRY(read_key(call, &key));
    TRY(record_from_json(c, &preference_type, call->body, "", RECORD_CREATE, &change));
    TRY(put(c, key, change.value));
    TRY(load(c, key, &stored));
    return reply_record(call, &preference_type, &stored);
}

static enum rc delete_preference(struct call *call)
{
    struct ctx *c = &call->ctx;
    const char *key;
    TRY(read_key(call, &key));
    TRY(db_exec(c->db, &REMOVE, DB_ARGS(DB_I(c->actor.user_id), DB_T(key)), NULL));
    return reply_message(call, "偏好设置已删除", "The preference has been removed");
}

static const struct route preference_routes[] = {
    ROUTE("GET", "/api/profile/preferences", LANE_READ, PERM_SIGNED_IN, NULL, get_preferences, "我的偏好设置", .shape = ANSWER_ARRAY,
          .answer = &preference_type),
    ROUTE("PUT", "/api/profile/preferences/:key", LANE_WRITE, PERM_SIGNED_IN, &preference_type, put_preference, "保存偏好设置",
          .answer = &preference_type, .refusals = REFUSALS(RC_PREFERENCE_NOT_FOUND, RC_PREFERENCE_LIMIT)),
    ROUTE("DELETE", "/api/profile/preferences/:key", LANE_WRITE, PERM_SIGNED_IN, NULL, delete_preference, "删除偏好设置",
          .refusals = REFUSALS(RC_PREFERENCE_NOT_FOUND)),
};
const struct module preference_module = MODULE("preferences", "偏好设置", preference_routes);
