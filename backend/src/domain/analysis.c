#include "domain/analysis.h"

#include "base/text.h"
#include "domain/list.h"
#include "domain/setting.h"

#define PAGE_SIZE 20

struct dec analysis_sum(struct db_rows *rows, const char *wholes, const char *millionths)
{
    int64_t sum;
    if (__builtin_mul_overflow(db_int(rows, wholes), 1000000, &sum) || __builtin_add_overflow(sum, db_int(rows, millionths), &sum))
        sum = INT64_MAX;
    return (struct dec){sum};
}

struct dec analysis_plus(struct dec a, struct dec b)
{
    struct dec sum = {0};
    return dec_add(a, b, &sum) == RC_OK ? sum : (struct dec){dec_sign(b) < 0 ? INT64_MIN : INT64_MAX};
}

struct dec analysis_minus(struct dec a, struct dec b)
{
    struct dec difference = {0};
    return dec_sub(a, b, &difference) == RC_OK ? difference : (struct dec){dec_sign(b) < 0 ? INT64_MAX : INT64_MIN};
}

enum rc analysis_days(struct ctx *c, struct analysis_days *out)
{
    TRY(setting_zone(c, &out->zone));
    out->today = zone_day(out->zone, c->now_ms);
    return RC_OK;
}

struct db_value analysis_shift(const struct analysis_days *d)
{
    return DB_I(d->zone->offset_s * INT64_C(1000));
}

int analysis_choice(struct call *call, const char *param, const char *const *choices)
{
    struct ctx *c = &call->ctx;
    const char *text = http_query(call->http, param);
    if (!text || !*text)
        return -1;
    for (int i = 0; choices[i]; i++)
        if (text_equal(text, choices[i]))
            return i;
    error_fault(&c->err, c->arena, param, "choice", "不是允许的值", "is not one of the allowed values", text_shorten(c->arena, text, 100));
    return -1;
}

struct analysis_page analysis_page(struct call *call)
{
    struct analysis_page p = {.page = list_number(call, "page", 1, 1000000), .size = list_number(call, "pageSize", PAGE_SIZE, LIST_PAGE_SIZE_MAX)};
    p.offset = (p.page - 1) * p.size;
    return p;
}

enum rc analysis_remembered(struct call *call, const char *key, unsigned topics, handler_fn write)
{
    struct analysis_days d;
    TRY(analysis_days(&call->ctx, &d));
    return list_remembered(call, arena_fmt(call->ctx.arena, "analysis.%s %s %lld", key, d.zone->name, (long long)d.today), topics, write);
}

