/* The stock history: what an approved document explains already, and what wants a document of its own. */
#include <string.h>

#include "domain/document.h"
#include "legacy/decimal.h"
#include "legacy/import.h"

enum { ID, MATERIAL, DOCUMENT, TYPE, CHANGE, BEFORE, OPERATOR, REMARK, CREATED_AT, COLUMNS };
static const char *const columns[COLUMNS] = {"id",           "material_id", "transaction_id", "change_type", "quantity_change",
                                             "stock_before", "operator_id", "remark",         "created_at"};
static const struct legacy_table history = {"stock_history", columns, COLUMNS};
static const char *const types[] = {"in", "out", "adjust", NULL};

/* What stood there before the first row is the best witness of an opening stock. */
static void remember_first(struct old_row *r, struct old_material *m)
{
    struct dec before;
    const struct legacy_value *v = &r->values[BEFORE];
    if ((m->first_before_id && m->first_before_id < r->id) || (v->kind != LEGACY_REAL && v->kind != LEGACY_INT))
        return;
    enum decimal read = decimal_read(v->text, v->n, &before);
    if (read != DECIMAL_EXACT && read != DECIMAL_ROUNDED)
        return;
    m->first_before_id = r->id;
    m->first_before = before;
}

/* The approved document of this row and its material that no other row has claimed; NULL: none. */
static struct old_document *document_of(struct old_row *r, int64_t material)
{
    struct legacy_import *im = r->im;
    size_t at = id_get(&im->document_ids, row_id_at(r, DOCUMENT));
    struct old_document *d = at == ID_NONE ? NULL : &im->documents.items[at];
    return d && strcmp(d->status, "approved") == 0 && d->material_id == material && !d->has_history ? d : NULL;
}

static void claim(struct old_row *r, struct old_document *d, struct dec change)
{
    struct dec moved = d->quantity;
    d->has_history = true;
    if (!d->receipt && dec_neg(moved, &moved) != RC_OK)
        return;
    if (dec_cmp(moved, change) != 0)
        row_noted(r, CHANGE, WHY_history_differs);
}

static void keep_change(struct old_row *r, int64_t material, struct dec change, const char *type)
{
    struct legacy_import *im = r->im;
    struct old_change *h = LIST_ADD(im->keep, im->changes);
    *h = (struct old_change){
        .id = r->id, .material_id = material, .change = change, .counted = strcmp(type, "adjust") == 0, .task = ID_NONE, .type = type};
    h->at_ms = row_time(r, CREATED_AT, im->materials.items[id_get(&im->material_ids, material)].created_ms);
    if (h->at_ms > im->now_ms)
        h->at_ms = im->now_ms;
    h->operator= row_person(r, OPERATOR, h->at_ms);
    h->remark = kept_text(r, REMARK);
    if (!h->counted)
        row_noted(r, row_is_null(r, DOCUMENT) ? TYPE : DOCUMENT, WHY_no_document);
}

static void add(struct legacy_import *im, const char *type, enum side side, struct dec change)
{
    total_add(&im->totals, TOTAL_HISTORY, type, side, 1, change);
    if (side == SIDE_AWAY)
        total_add(&im->totals, TOTAL_TABLES, "stock_history", SIDE_AWAY, 1, DEC_ZERO);
}

static void take_change(struct old_row *r)
{
    struct legacy_import *im = r->im;
    struct dec change = DEC_ZERO, most = DEC_WHOLE(QUANTITY_MAX), least;
    enum reason why = WHY_not_a_number;
    const char *type = row_choice(r, TYPE, types), *named = type ? type : "?";
    int64_t material = row_id_at(r, MATERIAL);
    size_t at = material ? id_get(&im->material_ids, material) : ID_NONE;
    enum number number = row_number(r, CHANGE, &change, &why);
    if (number != NUMBER_GOOD)
        change = DEC_ZERO;
    add(im, named, SIDE_OLD, change);
    if (r->left_out) {
        add(im, named, SIDE_LEFT_OUT, change);
        return;
    }
    bool too_large = dec_neg(most, &least) != RC_OK || dec_cmp(change, most) > 0 || dec_cmp(change, least) < 0;
    if (!type || at == ID_NONE || number != NUMBER_GOOD || too_large) {
        add(im, named, SIDE_LEFT_OUT, change);
        row_leave_out(r,
                      !type           ? TYPE
                      : at == ID_NONE ? MATERIAL
                                      : CHANGE,
                      !type                   ? WHY_bad_choice
                      : at == ID_NONE         ? WHY_orphan_material
                      : number == NUMBER_NONE ? WHY_required
                      : too_large             ? WHY_too_large
                                              : why);
        return;
    }
    remember_first(r, &im->materials.items[at]);
    struct old_document *d = strcmp(type, "adjust") == 0 ? NULL : document_of(r, material);
    if (d)
        claim(r, d, change);
    else if (dec_sign(change) == 0)
        row_noted(r, CHANGE, WHY_no_change);
    else
        keep_change(r, material, change, type);
    if (d || dec_sign(change) == 0)
        add(im, type, SIDE_AWAY, change);
}

enum rc read_history(struct legacy_import *im)
{
    TRY(rows_read(im, &history, take_change));
    for (size_t i = 0; i < im->documents.count; i++) {
        const struct old_document *d = &im->documents.items[i];
        if (strcmp(d->status, "approved") == 0 && !d->has_history)
            import_note(im, "inventory_transactions", d->id, "status", d->number, WHY_no_history, NULL);
    }
    return im->rc;
}
