/* The stock ledger: double entry, append-only. Tables: moves, balances, lots, and materials.current_stock / move_count.
 *
 * Every move takes a quantity > 0 of one material and lot from one place to another; supplier, consumption, count difference
 * and scrap are places too, so a material's sum over all places is always zero. Balances and the material's stock change in
 * the same transaction; the database refuses a negative balance of a real place. Source: design, section 5.
 *
 * The stock's value goes with it, by moving average and exact in fen: a receipt adds its amount (without a price: its quantity
 * at the present average), an issue takes the average's share of what it takes, and the last of a stock takes the last fen. */
#ifndef MMS_DOMAIN_LEDGER_H
#define MMS_DOMAIN_LEDGER_H

#include "domain/ctx.h"
#include "domain/route.h"

struct posting_line {
    int64_t line_id, line_no, material_id;
    struct dec quantity;
    int64_t lot_id;      /* 0: receipts take the untracked lot, issues choose (first to expire, then oldest) */
    int64_t location_id; /* 0: receipts go to the main store, issues choose */
    bool priced;
    struct dec amount; /* of a priced line, in yuan: what a receipt adds to the stock's value */
};

struct posting {
    int64_t document_id;
    bool receipt;             /* else an issue */
    int64_t virtual_location; /* the other end: supplier, consumption … */
    const struct posting_line *lines;
    size_t count;
};

/* Writes the moves of an approved document. RC_INSUFFICIENT_STOCK names material, wanted and available, and all shortages,
 * in err.members; nothing is left half done because the caller's job is rolled back. The caller then says ctx_changed. */
MUST_CHECK enum rc ledger_post(struct ctx *c, const struct posting *p);

/* RC_INSUFFICIENT_STOCK (members as above) when the sums of the lines per material pass its present stock. */
MUST_CHECK enum rc ledger_check_sums(struct ctx *c, const struct posting_line *lines, size_t count);

/* The lot of that number; made when it is not there. RC_INVALID_INPUT (fault on `field`) when it is there with another day. */
MUST_CHECK enum rc ledger_lot(struct ctx *c, const char *field, int64_t material_id, const char *lot_no, struct db_value expires_day,
                              int64_t *lot_id);
/* The lot of that number, or 0. */
MUST_CHECK enum rc ledger_find_lot(struct ctx *c, int64_t material_id, const char *lot_no, int64_t *lot_id);

/* The members of RC_INSUFFICIENT_STOCK as parts of an answer. */
#define LEDGER_SHORTAGE_PARTS                                                                                          \
    {"material", PART_OBJECT, .parts = ledger_material_parts, .optional = true},                                       \
        {"wanted", PART_DEC, .optional = true}, {"available", PART_DEC, .optional = true},                             \
        {"shortages", PART_ARRAY, .parts = ledger_shortage_parts, .optional = true}
extern const struct answer_part ledger_material_parts[], ledger_shortage_parts[];

extern const struct module ledger_module;

#endif
