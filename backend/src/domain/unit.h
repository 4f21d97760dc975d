/* Units of measure: a list with the decimals that each allows. Table: units. */
#ifndef MMS_DOMAIN_UNIT_H
#define MMS_DOMAIN_UNIT_H

#include "domain/ctx.h"
#include "domain/route.h"

#define UNIT_CODE_MAX 20
#define UNIT_DECIMALS_UNKNOWN 3 /* what a unit gets that a client brought and nobody has reviewed */
/* How many decimals quantities of the material m have, whose unit is un: the unit's, or fewer where the material says so. */
#define UNIT_DECIMALS_OF "CASE WHEN m.qty_decimals < un.decimals THEN m.qty_decimals ELSE un.decimals END AS unit_decimals"

/* The unit of that code (width folded, case minded: mL is not ML); added with three decimals and marked for review
 * when the list lacks it. */
MUST_CHECK enum rc unit_find_or_add(struct ctx *c, const char *code, int64_t *id, int64_t *decimals);

/* The unit of that code; *id is 0 when the list lacks it. */
MUST_CHECK enum rc unit_find(struct ctx *c, const char *code, int64_t *id, int64_t *decimals);
/* Units whose spellings mean them without any doubt ("公斤": "kg"); NULL: the text is none. */
struct known_unit {
    const char *code, *zh, *en;
    const char *spellings[6]; /* other than the code; NULL-ended */
};
const struct known_unit *unit_known(const char *text);

/* Adds a reviewed unit, or changes the decimals of the one there. For the demo catalogue. */
MUST_CHECK enum rc unit_put(struct ctx *c, const char *code, const char *name_zh, const char *name_en, int64_t decimals);

extern const struct module unit_module;

#endif
