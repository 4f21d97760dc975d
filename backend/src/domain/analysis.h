/* What pictures of the stock are drawn from: how much there is of what age, how long it will last, how fast it turns, how long approval
 * takes. Days are the company's. Values are by moving average, exact; what passes the range of a decimal stays at its end.
 *
 * All of it reads balances, moves or documents as they are, on a worker; what depends on nothing but them is remembered while the
 * counters stand still. Modules: what lies in store (analysis_lots.c), what comes, goes and is used (analysis_use.c), what matters most (analysis_abc.c),
 * documents and prices (analysis_documents.c). */
#ifndef MMS_DOMAIN_ANALYSIS_H
#define MMS_DOMAIN_ANALYSIS_H

#include "domain/ctx.h"
#include "domain/route.h"

#define ANALYSIS_DAY_MS (INT64_C(24) * 3600 * 1000)

/* Columns NAME_w and NAME_f: wholes and millionths of a sum, apart, since together they may pass 64 bits. */
#define ANALYSIS_SUM(EXPRESSION, NAME)                                                                                 \
    "CAST(COALESCE(SUM((" EXPRESSION ") / 1000000), 0) AS BIGINT) AS " NAME "_w, "                                     \
    "CAST(COALESCE(SUM((" EXPRESSION ") % 1000000), 0) AS BIGINT) AS " NAME "_f"
/* Used is what a move of the alias v brought to production, less what came back from there: not what was scrapped, counted, or sent back
 * to a supplier. The place is one of the fixed ones (location.h). */
#define ANALYSIS_IS_USE "(v.to_location_id = 2 OR v.from_location_id = 2)"
#define ANALYSIS_USED(WHAT) "CASE WHEN v.to_location_id = 2 THEN " WHAT " WHEN v.from_location_id = 2 THEN -" WHAT " ELSE 0 END"

/* The two columns as one. */
struct dec analysis_sum(struct db_rows *rows, const char *wholes, const char *millionths);
struct dec analysis_plus(struct dec a, struct dec b);
struct dec analysis_minus(struct dec a, struct dec b);

struct analysis_days {
    const struct zone *zone;
    int64_t today;
};
MUST_CHECK enum rc analysis_days(struct ctx *c, struct analysis_days *out);
/* Added to an instant before it is divided by a day, this gives days of the zone. */
struct db_value analysis_shift(const struct analysis_days *d);

/* Which of `choices` (NULL-ended) the parameter names; -1: none. A fault goes to ctx.err. */
int analysis_choice(struct call *call, const char *param, const char *const *choices);

struct analysis_page {
    int64_t page, size, offset;
};
struct analysis_page analysis_page(struct call *call);

/* list_remembered, as a day of the company is part of the question. */
MUST_CHECK enum rc analysis_remembered(struct call *call, const char *key, unsigned topics, handler_fn write);

extern const struct module analysis_lots_module, analysis_use_module, analysis_abc_module, analysis_documents_module;

#endif
