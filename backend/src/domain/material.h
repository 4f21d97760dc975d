/* Materials: the catalogue. Tables: materials, material_code_history, lots (the untracked one of each material). */
#ifndef MMS_DOMAIN_MATERIAL_H
#define MMS_DOMAIN_MATERIAL_H

#include "domain/ctx.h"
#include "domain/list.h"
#include "domain/route.h"

struct material {
    struct record record;
    int64_t id;
    const char *material_code, *material_name, *name_en, *category, *subcategory, *unit;
    int64_t unit_id, unit_decimals; /* unit_decimals: what a quantity may have: the unit's, or fewer if qty_decimals says so */
    int64_t qty_decimals;
    struct dec current_stock, min_stock, max_stock;
    const char *location, *description;
    const char *cas_no, *un_no, *ghs_pictograms, *hazard_statements, *storage_class, *control_flags, *metal_grade, *standard,
        *track_by;
    int64_t shelf_life_days;
    const char *shelf_life_basis;
    int64_t periodic_inspection_days;
    const char *storage_condition, *cert_required, *cas_check, *note, *status;
    int64_t version, move_count, created_by, created_at, updated_at;
    const char *creator_name;
    const char *code_change_reason; /* bodies only */
};

extern const struct record_type material_type;
extern const struct list_spec material_list; /* over materials m */

MUST_CHECK enum rc material_by_id(struct ctx *c, int64_t id, struct material *out, bool *found);
/* RC_MATERIAL_NOT_FOUND when there is none. */
MUST_CHECK enum rc material_get(struct ctx *c, int64_t id, struct material *out);
MUST_CHECK enum rc material_by_code(struct ctx *c, const char *code, struct material *out, bool *found);
/* Adds a material that record_from_json (or a catalogue) has filled; stock begins at 0. */
MUST_CHECK enum rc material_add(struct ctx *c, const struct material *m, int64_t *id);

/* What the fields cannot say alone, for a material that is new (before NULL) or changed; faults go to c->err. unit_decimals: of its
 * unit. */
MUST_CHECK enum rc material_check(struct ctx *c, const struct material *before, const struct material *m, int64_t unit_decimals);
/* Stores what record_merge has changed in `m`; `reason` (may be NULL) is of a new code. */
MUST_CHECK enum rc material_change(struct ctx *c, const struct material *before, const struct material *m, const char *reason);
/* RC_MATERIAL_HAS_STOCK while there is stock of it, or a document of it waits. */
MUST_CHECK enum rc material_may_retire(struct ctx *c, const struct material *m);
/* Nothing when it is so already. */
MUST_CHECK enum rc material_retire(struct ctx *c, const struct material *m);
MUST_CHECK enum rc material_restore(struct ctx *c, const struct material *m);
/* RC_MATERIAL_IN_USE when documents or counts name it. */
MUST_CHECK enum rc material_remove(struct ctx *c, const struct material *m);

extern const struct module material_module;

#endif
