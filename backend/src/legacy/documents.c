/* Receipts and issues of all states: read and checked here, written by the replay in the order of time. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "domain/document.h"
#include "legacy/import.h"

enum {
    ID,
    NUMBER,
    TYPE,
    MATERIAL,
    QUANTITY,
    PRICE,
    TOTAL,
    APPLICANT,
    APPROVER,
    STATUS,
    REMARK,
    CREATED_AT,
    UPDATED_AT,
    APPROVED_AT,
    COLUMNS
};
static const char *const columns[COLUMNS] = {"id",         "transaction_code", "transaction_type", "material_id", "quantity",
                                             "unit_price", "total_amount",     "applicant_id",     "approver_id", "status",
                                             "remark",     "created_at",       "updated_at",       "approved_at"};
static const struct legacy_table documents = {"inventory_transactions", columns, COLUMNS};
#define AMOUNT_MAX                                                                                                                         \
    100000000000 /* yuan of one document: more is a slip of the hand, and a few of them would pass what a stock's value can be */
static const char *const types[] = {"in", "out", NULL};
static const char *const statuses[] = {"pending", "approved", "rejected", "cancelled", NULL};

/* ---------------------------------------------------------------- text */

/* What the older system escaped before it stored it; each once, and what comes out is not looked at again. */
static const struct {
    const char *escaped;
    char plain;
} entities[] = {{"&lt;", '<'},   {"&gt;", '>'},    {"&quot;", '"'}, {"&#x27;", '\''}, {"&#39;", '\''},
                {"&#x2F;", '/'}, {"&#x5C;", '\\'}, {"&#96;", '`'},  {"&amp;", '&'}};

const char *unescape(struct arena *a, const char *text)
{
    char *out = arena_dup(a, text), *to = out;
    for (const char *at = text; at && *at;) {
        size_t i = 0, known = sizeof entities / sizeof *entities;
        while (i < known && !text_starts(at, entities[i].escaped))
            i++;
        *to++ = i < known ? entities[i].plain : *at;
        at += i < known ? strlen(entities[i].escaped) : 1;
    }
    if (out)
        *to = '\0';
    return out;
}

/* ---------------------------------------------------------------- numbers */

/* IN20260131-0007: a form in which this program gives numbers out. */
static bool looks_like_ours(const char *number)
{
    const char *at = number + (text_starts(number, "IN") ? 2 : text_starts(number, "OUT") ? 3 : strlen(number));
    size_t day = strspn(at, "0123456789");
    return day == 8 && at[8] == '-' && at[9] && strspn(at + 9, "0123456789") == strlen(at + 9);
}

static bool number_is_taken(struct legacy_import *im, const char *number)
{
    size_t at = id_get(&im->numbers, hash_of(number));
    return at != ID_NONE && strcmp(im->documents.items[at].number, number) == 0;
}

static const char *number_of(struct old_row *r, const char *type)
{
    struct legacy_import *im = r->im;
    struct arena *a = im->c->arena;
    const char *number = row_text(r, NUMBER);
    if (text_is_blank(number)) {
        number = arena_fmt(a, "%s-OLD-%lld", strcmp(type, "in") == 0 ? "IN" : "OUT", (long long)r->id);
        row_replaced(r, NUMBER, WHY_empty_code, number);
    } else {
        number = row_code(r, NUMBER, number);
    }
    if (looks_like_ours(number)) {
        number = arena_fmt(a, "%s-OLD", number);
        row_replaced(r, NUMBER, WHY_number_like_ours, number);
    }
    const char *first = number;
    for (int i = 2; number_is_taken(im, number); i++)
        number = arena_fmt(a, "%s-%d", first, i);
    if (number != first)
        row_replaced(r, NUMBER, WHY_duplicate_number, number);
    return arena_dup(im->keep, number);
}

/* ---------------------------------------------------------------- control totals */

struct place {
    char status[64], month[CLOCK_TEXT_MAX], moved[CLOCK_TEXT_MAX];
    bool approved;
    struct dec quantity;
};

static void add(struct legacy_import *im, const struct place *p, enum side side)
{
    total_add(&im->totals, TOTAL_STATUS, p->status, side, 1, p->quantity);
    total_add(&im->totals, TOTAL_MONTHS, p->month, side, 1, p->quantity);
    if (p->approved)
        total_add(&im->totals, TOTAL_MOVED, p->moved, side, 1, p->quantity);
}

static void print_month(char text[static CLOCK_TEXT_MAX], bool known, int64_t ms, const char *type)
{
    char at[CLOCK_TEXT_MAX] = "?";
    if (known)
        clock_print_row(ms, at);
    snprintf(text, CLOCK_TEXT_MAX, "%.7s %.8s", at, type ? type : "?");
}

/* Where the old file itself counts the row. */
static struct place old_place(struct old_row *r, const char *type, const char *status, struct dec quantity)
{
    struct place p = {.approved = status && strcmp(status, "approved") == 0, .quantity = quantity};
    const char *text = status ? status : row_text(r, STATUS);
    int64_t ms = 0;
    snprintf(p.status, sizeof p.status, "%s", text_shorten(r->im->c->arena, text ? text : "NULL", 12));
    bool known = row_has_time(r, CREATED_AT, &ms);
    print_month(p.month, known, ms, type);
    known = row_has_time(r, APPROVED_AT, &ms);
    print_month(p.moved, known, ms, type);
    return p;
}

static void move_to(struct legacy_import *im, const struct place *old, const struct old_document *d)
{
    struct place now = *old;
    print_month(now.month, true, d->created_ms, d->receipt ? "in" : "out");
    print_month(now.moved, true, d->approved_ms, d->receipt ? "in" : "out");
    if (strcmp(now.month, old->month) != 0) {
        total_add(&im->totals, TOTAL_MONTHS, old->month, SIDE_AWAY, 1, old->quantity);
        total_add(&im->totals, TOTAL_MONTHS, now.month, SIDE_HERE, 1, old->quantity);
    }
    if (now.approved && strcmp(now.moved, old->moved) != 0) {
        total_add(&im->totals, TOTAL_MOVED, old->moved, SIDE_AWAY, 1, old->quantity);
        total_add(&im->totals, TOTAL_MOVED, now.moved, SIDE_HERE, 1, old->quantity);
    }
}

/* ---------------------------------------------------------------- rows */

/* RC of the reason why the row cannot be a document; WHY_COUNT: it can. *column: where. */
static enum reason refuse(struct old_row *r, const char *type, const char *status, enum number number, struct dec quantity, int *column)
{
    int64_t material = row_id_at(r, MATERIAL);
    *column = TYPE;
    if (!type)
        return row_is_null(r, TYPE) ? WHY_required : WHY_bad_choice;
    *column = STATUS;
    if (!status)
        return row_is_null(r, STATUS) ? WHY_required : WHY_bad_choice;
    *column = MATERIAL;
    if (!material || id_get(&r->im->material_ids, material) == ID_NONE)
        return WHY_orphan_material;
    *column = QUANTITY;
    if (number == NUMBER_NONE)
        return WHY_required;
    if (dec_sign(quantity) <= 0)
        return WHY_not_positive;
    if (dec_cmp(quantity, DEC_WHOLE(QUANTITY_MAX)) > 0)
        return WHY_too_large;
    *column = APPLICANT;
    return row_id_at(r, APPLICANT) ? WHY_COUNT : WHY_orphan_user;
}

static void read_price(struct old_row *r, struct old_document *d)
{
    static const struct dec half_fen = {5000}, minus_half_fen = {-5000};
    struct dec total = DEC_ZERO, apart = DEC_ZERO;
    enum reason why = WHY_not_a_number;
    enum number number = row_number(r, PRICE, &d->price, &why);
    if (number == NUMBER_GOOD && dec_sign(d->price) < 0) {
        number = NUMBER_BAD;
        why = WHY_negative;
    }
    if (number == NUMBER_GOOD &&
        (dec_cmp(d->price, DEC_WHOLE(QUANTITY_MAX)) > 0 || dec_mul(d->quantity, d->price, 2, &d->amount) != RC_OK ||
         dec_cmp(d->amount, DEC_WHOLE(AMOUNT_MAX)) > 0)) {
        number = NUMBER_BAD;
        why = WHY_too_large;
    }
    d->priced = number == NUMBER_GOOD;
    if (number == NUMBER_BAD)
        row_replaced(r, PRICE, why, NULL);
    if (row_is_null(r, TOTAL))
        return;
    bool read = r->values[TOTAL].kind == LEGACY_INT || r->values[TOTAL].kind == LEGACY_REAL;
    /* The old total is not imported: it follows from quantity and price. More than half a fen apart is worth a look. */
    bool same = read && d->priced && decimal_near(r->values[TOTAL].text, r->values[TOTAL].n, &total) &&
                dec_sub(total, d->amount, &apart) == RC_OK && dec_cmp(apart, half_fen) <= 0 && dec_cmp(apart, minus_half_fen) >= 0;
    if (!same)
        row_noted(r, TOTAL, WHY_total_differs);
}

static void read_times(struct old_row *r, struct old_document *d)
{
    int64_t updated, approved;
    bool has_updated = row_has_time(r, UPDATED_AT, &updated), has_approved = row_has_time(r, APPROVED_AT, &approved);
    d->created_ms = row_time(r, CREATED_AT, has_updated ? updated : has_approved ? approved : r->im->now_ms);
    d->updated_ms = row_time(r, UPDATED_AT, has_approved ? approved : d->created_ms);
    d->approved_ms = 0;
    if (strcmp(d->status, "approved") != 0)
        return;
    d->approved_ms = row_time(r, APPROVED_AT, d->updated_ms);
    if (row_is_null(r, APPROVED_AT))
        row_noted(r, APPROVED_AT, WHY_no_approval_time);
    if (d->approved_ms > r->im->now_ms)
        d->approved_ms = r->im->now_ms; /* a clock that was ahead by less than a day */
}

static void take_document(struct old_row *r)
{
    struct legacy_import *im = r->im;
    struct old_document d = {.id = r->id};
    enum reason why = WHY_not_a_number;
    int column = QUANTITY;
    const char *type = row_choice(r, TYPE, types), *status = row_choice(r, STATUS, statuses);
    enum number number = row_number(r, QUANTITY, &d.quantity, &why);
    struct place place = old_place(r, type, status, number == NUMBER_GOOD ? d.quantity : DEC_ZERO);
    add(im, &place, SIDE_OLD);
    if (r->left_out) {
        add(im, &place, SIDE_LEFT_OUT);
        return;
    }
    if (number != NUMBER_BAD)
        why = refuse(r, type, status, number, d.quantity, &column);
    if (number == NUMBER_BAD || why != WHY_COUNT) {
        add(im, &place, SIDE_LEFT_OUT);
        row_leave_out(r, column, why);
        return;
    }
    d.receipt = strcmp(type, "in") == 0;
    d.status = status;
    d.material_id = row_id_at(r, MATERIAL);
    read_times(r, &d);
    read_price(r, &d);
    d.applicant = row_person(r, APPLICANT, d.created_ms);
    d.approver = row_person(r, APPROVER, d.updated_ms);
    d.number = number_of(r, type);
    d.remark = unescape(im->keep, row_text(r, REMARK));
    move_to(im, &place, &d);
    im->last_document_id = d.id > im->last_document_id ? d.id : im->last_document_id;
    id_put(&im->numbers, hash_of(d.number), im->documents.count);
    id_put(&im->document_ids, d.id, im->documents.count);
    *LIST_ADD(im->keep, im->documents) = d;
    im->result->documents++;
}

enum rc read_documents(struct legacy_import *im)
{
    return rows_read(im, &documents, take_document);
}
