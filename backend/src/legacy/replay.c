/* The ledger, built anew: every approved document, and every change of the stock history that no document explains, posted in the
 * order of time through the ledger's own service.
 *
 * Before that, the same is reckoned in memory. Where a material would fall below zero, or where the first row of its history says that
 * something was there before, an opening document stands before its first posting; and where what is left differs from the old
 * stock, one document at the import's time makes up for it. Both say so in their remarks, and are listed. */
#include <stdlib.h>
#include <string.h>

#include "domain/document.h"
#include "domain/recent_moves.h"
#include "legacy/import.h"

enum phase { OPENING, RECEIPT, ISSUE, CLOSING }; /* in this order at the same instant: what comes in can go out */

struct event {
    int64_t at_ms;
    enum phase phase;
    bool receipt;
    int64_t order;
    const struct old_document *document; /* one of these three */
    size_t change;                       /* the first of its changes */
    struct old_material *material;       /* of an opening or closing one, with its … */
    struct dec quantity;
    const char *remark;
};

struct plan {
    struct legacy_import *im;
    struct {
        struct event *items;
        size_t count, cap;
    } events;
    struct posted_line *lines; /* of the document that is being posted */
    size_t line_room;
};

static int by_time(const void *a, const void *b)
{
    const struct event *x = a, *y = b;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    if (x->phase != y->phase)
        return x->phase < y->phase ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static struct old_material *material_of(struct legacy_import *im, int64_t id)
{
    return &im->materials.items[id_get(&im->material_ids, id)];
}

/* ---------------------------------------------------------------- the plan */

static struct event *add(struct plan *p, int64_t at_ms, bool receipt)
{
    struct event *e = LIST_ADD(p->im->keep, p->events);
    *e = (struct event){
        .at_ms = at_ms, .phase = receipt ? RECEIPT : ISSUE, .receipt = receipt, .order = (int64_t)p->events.count, .change = ID_NONE};
    return e;
}

static void add_documents(struct plan *p)
{
    for (size_t i = 0; i < p->im->documents.count; i++) {
        const struct old_document *d = &p->im->documents.items[i];
        if (d->approved_ms)
            add(p, d->approved_ms, d->receipt)->document = d;
    }
}

/* Differences of one task and one direction are one document, up to the lines that a document may have. */
static void add_changes(struct plan *p)
{
    struct legacy_import *im = p->im;
    struct open_count {
        size_t last[2], lines[2];
    } *open = arena_array(im->keep, im->tasks.count + 1, sizeof *open);
    for (size_t i = 0; i < im->changes.count; i++) {
        struct old_change *h = &im->changes.items[i];
        bool receipt = dec_sign(h->change) > 0;
        struct open_count *o = h->task == ID_NONE ? NULL : &open[h->task];
        h->next = ID_NONE;
        if (o && o->lines[receipt] && o->lines[receipt] < DOCUMENT_LINES_MAX) {
            im->changes.items[o->last[receipt]].next = i;
            o->last[receipt] = i;
            o->lines[receipt]++;
            continue;
        }
        add(p, h->at_ms, receipt)->change = i;
        if (o) {
            o->last[receipt] = i;
            o->lines[receipt] = 1;
        }
    }
}

static void step(struct legacy_import *im, const struct event *e, int64_t material_id, struct dec quantity)
{
    struct old_material *m = material_of(im, material_id);
    bool was_below = dec_sign(m->running) < 0;
    if ((e->receipt ? dec_add(m->running, quantity, &m->running) : dec_sub(m->running, quantity, &m->running)) != RC_OK)
        import_fail(
            im, error_say(&im->c->err, RC_AMOUNT_TOO_LARGE,
                          arena_fmt(im->c->arena, "物料 #%lld（%s）的流水合计超出范围，请在旧数据中更正", (long long)m->id, m->code),
                          arena_fmt(im->c->arena, "The postings of material #%lld (%s) pass the range: mend them in a copy of the old data",
                                    (long long)m->id, m->code)));
    if (dec_cmp(m->running, m->lowest) < 0)
        m->lowest = m->running;
    if (was_below && dec_sign(m->running) >= 0)
        m->recovered_ms = e->at_ms;
    if (!m->first_ms)
        m->first_ms = e->at_ms;
}

static struct dec size_of(struct dec d)
{
    struct dec positive = d;
    return dec_sign(d) < 0 && dec_neg(d, &positive) == RC_OK ? positive : d;
}

static void reckon(struct plan *p)
{
    struct legacy_import *im = p->im;
    for (size_t i = 0; i < p->events.count; i++) {
        const struct event *e = &p->events.items[i];
        if (e->document)
            step(im, e, e->document->material_id, e->document->quantity);
        for (size_t at = e->change; at != ID_NONE; at = im->changes.items[at].next)
            step(im, e, im->changes.items[at].material_id, size_of(im->changes.items[at].change));
    }
}

static const char *text_of(struct arena *a, struct dec d)
{
    char text[DEC_TEXT_MAX];
    dec_print(d, text);
    return arena_dup(a, text);
}

static void make_up(struct plan *p, struct old_material *m, enum phase phase, int64_t at_ms, struct dec difference, const char *remark)
{
    struct legacy_import *im = p->im;
    struct event *e = add(p, at_ms, dec_sign(difference) > 0);
    e->phase = phase;
    e->material = m;
    e->quantity = size_of(difference);
    e->remark = remark;
    im->result->adjustments++;
    import_note(im, "materials", m->id, "current_stock", text_of(im->c->arena, m->figure),
                phase == OPENING ? WHY_opening_added : WHY_stock_unexplained,
                arena_fmt(im->c->arena, "%s%s", dec_sign(difference) > 0 ? "+" : "", text_of(im->c->arena, difference)));
}

/* How much must have been there before the first posting. */
static struct dec opening_of(const struct old_material *m, struct dec difference)
{
    struct dec needed = size_of(m->lowest); /* lowest is 0 or below */
    bool witnessed = m->first_before_id && dec_sign(difference) > 0 && dec_cmp(m->first_before, difference) == 0;
    return dec_cmp(difference, needed) > 0 && (dec_sign(needed) > 0 || witnessed) ? difference : needed;
}

/* Where nothing is known of the old stock, what the postings leave is the stock. */
static void count_unknown(struct plan *p, const struct old_material *m, struct dec opening)
{
    struct dec stock;
    if (!m->has_figure && dec_add(m->running, opening, &stock) == RC_OK)
        total_add(&p->im->totals, TOTAL_STOCK, m->category, SIDE_MADE, 0, stock);
}

static void add_opening(struct plan *p, struct old_material *m, struct dec opening)
{
    struct arena *keep = p->im->keep;
    int64_t at = m->first_ms && m->first_ms < m->created_ms ? m->first_ms : m->created_ms;
    if (dec_sign(opening) > 0)
        make_up(p, m, OPENING, at, opening,
                dec_sign(m->lowest) < 0 ? arena_fmt(keep, "导入补记期初：按旧系统流水推算，库存最低会到 %s", text_of(keep, m->lowest))
                                        : arena_fmt(keep, "导入补记期初：旧系统库存历史首行之前已有 %s", text_of(keep, opening)));
}

static void settle(struct plan *p, struct old_material *m)
{
    struct arena *keep = p->im->keep;
    struct dec difference = DEC_ZERO, rest = DEC_ZERO;
    if (m->has_figure && dec_sub(m->figure, m->running, &difference) != RC_OK)
        import_fail(p->im, error_set(&p->im->c->err, RC_AMOUNT_TOO_LARGE));
    struct dec opening = opening_of(m, difference);
    count_unknown(p, m, opening);
    add_opening(p, m, opening);
    if (!m->has_figure || dec_sub(difference, opening, &rest) != RC_OK || dec_sign(rest) == 0)
        return;
    /* What only bridged a time below zero is taken back as soon as that is over. */
    if (dec_sign(difference) == 0)
        make_up(p, m, CLOSING, m->recovered_ms, rest, arena_fmt(keep, "导入冲回：流水已不为负，冲回补记的期初 %s", text_of(keep, opening)));
    else
        make_up(p, m, CLOSING, p->im->now_ms, rest,
                arena_fmt(keep, "导入调整：旧系统库存 %s，流水推算 %s，差额 %s%s%s", text_of(keep, m->figure), text_of(keep, m->running),
                          text_of(keep, difference), dec_sign(opening) > 0 ? "，期初已补记 " : "",
                          dec_sign(opening) > 0 ? text_of(keep, opening) : ""));
}

/* ---------------------------------------------------------------- posting */

static struct posted_line *room_for(struct plan *p, size_t count)
{
    if (count > p->line_room) {
        p->line_room = count;
        p->lines = arena_array(p->im->keep, count, sizeof *p->lines);
    }
    return p->lines;
}

static enum rc post_old(struct legacy_import *im, const struct old_document *d)
{
    struct posted_line line = {d->material_id, d->quantity, d->price, d->amount, d->priced};
    return post_document(im, &(struct new_posting){.id = d->id,
                                                   .applicant = d->applicant,
                                                   .approver = d->approver,
                                                   .created_ms = d->created_ms,
                                                   .updated_ms = d->updated_ms,
                                                   .at_ms = d->approved_ms,
                                                   .receipt = d->receipt,
                                                   .imported = true,
                                                   .number = d->number,
                                                   .purpose = d->receipt ? "purchase" : "production",
                                                   .status = d->status,
                                                   .remark = d->remark,
                                                   .lines = &line,
                                                   .count = 1});
}

/* A document that the older system did not have. */
static enum rc post_made(struct legacy_import *im, const struct event *e, const char *purpose, int64_t who, const char *remark,
                         const struct posted_line *lines, size_t count)
{
    struct new_posting made = {.id = ++im->last_document_id,
                               .applicant = who,
                               .approver = who,
                               .created_ms = e->at_ms,
                               .updated_ms = e->at_ms,
                               .at_ms = e->at_ms,
                               .receipt = e->receipt,
                               .purpose = purpose,
                               .status = "approved",
                               .remark = remark,
                               .lines = lines,
                               .count = count};
    im->c->now_ms = e->at_ms;
    TRY(document_next_number(im->c, e->receipt ? "IN" : "OUT", &made.number));
    total_add(&im->totals, TOTAL_TABLES, "inventory_transactions", SIDE_MADE, 1, DEC_ZERO);
    return post_document(im, &made);
}

static enum rc post_changes(struct plan *p, const struct event *e)
{
    struct legacy_import *im = p->im;
    size_t count = 0;
    const struct old_change *first = &im->changes.items[e->change];
    struct posted_line *lines = room_for(p, DOCUMENT_LINES_MAX);
    for (size_t at = e->change; at != ID_NONE; at = im->changes.items[at].next) {
        const struct old_change *h = &im->changes.items[at];
        lines[count++] = (struct posted_line){.material_id = h->material_id, .quantity = size_of(h->change)};
        total_add(&im->totals, TOTAL_TABLES, "stock_history", SIDE_NEW, 1, DEC_ZERO);
        total_add(&im->totals, TOTAL_HISTORY, h->type, SIDE_NEW, 1, h->change);
    }
    const char *remark = first->counted ? first->remark
                                        : arena_fmt(im->c->arena, "旧系统库存历史 #%lld 没有对应的已批准单据%s%s", (long long)first->id,
                                                    first->remark ? "：" : "", first->remark ? first->remark : "");
    TRY(post_made(im, e, "count", first->operator? first->operator: im->importer, remark, lines, count));
    if (first->task != ID_NONE && !im->tasks.items[first->task].documents[e->receipt])
        im->tasks.items[first->task].documents[e->receipt] = im->last_document_id;
    return RC_OK;
}

static enum rc post_event(struct plan *p, const struct event *e)
{
    arena_reset(p->im->c->arena);
    if (e->document)
        return post_old(p->im, e->document);
    if (!e->material)
        return post_changes(p, e);
    struct posted_line line = {.material_id = e->material->id, .quantity = e->quantity};
    return post_made(p->im, e, e->phase == OPENING && e->receipt ? "opening" : "count", p->im->importer, e->remark, &line, 1);
}

/* Those that moved nothing. */
static enum rc write_others(struct legacy_import *im)
{
    for (size_t i = 0; i < im->documents.count; i++) {
        arena_reset(im->c->arena);
        if (!im->documents.items[i].approved_ms)
            TRY(post_old(im, &im->documents.items[i]));
    }
    return RC_OK;
}

enum rc replay(struct legacy_import *im)
{
    struct plan p = {.im = im};
    add_documents(&p);
    add_changes(&p);
    if (p.events.count)
        qsort(p.events.items, p.events.count, sizeof *p.events.items, by_time);
    reckon(&p);
    for (size_t i = 0; i < im->materials.count && im->rc == RC_OK; i++) {
        arena_reset(im->c->arena);
        settle(&p, &im->materials.items[i]);
    }
    if (im->rc != RC_OK)
        return im->rc;
    if (p.events.count)
        qsort(p.events.items, p.events.count, sizeof *p.events.items, by_time);
    im->c->now_ms = im->now_ms;
    TRY(recent_moves_widen(im->c));
    TRY(write_others(im));
    for (size_t i = 0; i < p.events.count; i++) {
        TRY(post_event(&p, &p.events.items[i]));
        import_tell(im, "过账 / posting", (int64_t)i + 1, (int64_t)p.events.count);
    }
    im->c->now_ms = im->now_ms;
    return recent_moves_shift(im->c); /* what was posted last may be long ago */
}
