/* Places where stock is: a tree of real ones, and the virtual ones at the other end of a move. Table: locations. */
#ifndef MMS_DOMAIN_LOCATION_H
#define MMS_DOMAIN_LOCATION_H

#include "domain/ctx.h"
#include "domain/route.h"

/* The fixed places of migration 0001. */
enum fixed_location {
    LOCATION_SUPPLIER = 1,
    LOCATION_CONSUMPTION = 2,
    LOCATION_DIFFERENCE = 3,
    LOCATION_SCRAP = 4,
    LOCATION_MAIN = 5, /* where a receipt goes that names no place */
};

/* RC_LOCATION_NOT_FOUND unless `id` is a real (storage) place. */
MUST_CHECK enum rc location_must_be_real(struct ctx *c, int64_t id);

/* The real place of that code, else the only one of that Chinese name; *id is 0 when there is none. */
MUST_CHECK enum rc location_find(struct ctx *c, const char *code, int64_t *id);
/* Adds a real place. RC_LOCATION_TAKEN. */
MUST_CHECK enum rc location_add(struct ctx *c, const char *code, const char *name_zh, int64_t *id);

extern const struct module location_module;

#endif
