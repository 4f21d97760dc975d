/* Looking at a file: its whole is read once, and its head is found. */
#include <string.h>

#include "base/text.h"
#include "domain/import_rows.h"

#define HEAD_WITHIN 20 /* rows from the top: tables may have a title above their head */
#define SAMPLES 3
#define SAMPLE_CHARS 60

/* What is found out about a file. */
struct look {
    struct import_upload *upload;
    int64_t wanted_head;
    const struct import_field *proposed[SHEET_COLUMNS_MAX];
    const char *heads[SHEET_COLUMNS_MAX], *samples[SHEET_COLUMNS_MAX][SAMPLES];
    size_t columns;
    int64_t head_row, rows;
};

/* Rows of the top, until it is known which of them is the head. */
struct top_row {
    int64_t number;
    size_t count;
    const char *texts[SHEET_COLUMNS_MAX];
};

static void keep_top(struct ctx *c, const struct sheet_row *row, struct top_row *out)
{
    out->number = row->number;
    out->count = row->count;
    for (size_t i = 0; i < row->count; i++)
        out->texts[i] = text_shorten(c->arena, row->cells[i].text, SAMPLE_CHARS);
}

static size_t propose(struct ctx *c, const struct import_kind *kind, const struct top_row *row, const struct import_field **out)
{
    struct sheet_cell cells[SHEET_COLUMNS_MAX] = {0};
    for (size_t k = 0; k < row->count; k++)
        cells[k].text = row->texts[k];
    return import_propose(c->arena, kind, &(struct sheet_row){.cells = cells, .count = row->count}, out);
}

/* The row that names most fields, of equals the first; or the first of them all, when it was said which it is. */
static size_t find_head(struct ctx *c, const struct look *l, const struct top_row *top, size_t count)
{
    size_t best = 0, most = 0;
    for (size_t i = 0; i < (l->wanted_head > 0 ? 1 : count); i++) {
        const struct import_field *proposed[SHEET_COLUMNS_MAX] = {0};
        size_t found = propose(c, l->upload->kind, &top[i], proposed);
        if (found > most) {
            most = found;
            best = i;
        }
    }
    return best;
}

static void take_samples(struct look *l, const struct top_row *top, size_t count)
{
    for (size_t i = 0; i < count && i < SAMPLES; i++) {
        for (size_t k = 0; k < top[i].count; k++)
            l->samples[k][i] = top[i].texts[k];
        if (top[i].count > l->columns)
            l->columns = top[i].count;
    }
}

static void take_head(struct ctx *c, struct look *l, const struct top_row *top, size_t count)
{
    if (l->wanted_head == IMPORT_NO_HEAD) {
        take_samples(l, top, count);
        return;
    }
    size_t at = find_head(c, l, top, count);
    (void)propose(c, l->upload->kind, &top[at], l->proposed);
    l->head_row = top[at].number;
    l->columns = top[at].count;
    memcpy(l->heads, top[at].texts, sizeof l->heads);
    take_samples(l, top + at + 1, count - at - 1);
    l->rows -= (int64_t)at + 1;
}

static enum rc read_all(struct ctx *c, struct look *l, struct sheet *sheet)
{
    struct top_row *top = arena_array(c->arena, HEAD_WITHIN, sizeof *top);
    size_t kept = 0;
    for (const struct sheet_row *row;;) {
        TRY(sheet_next(sheet, &row, &c->err));
        if (!row)
            break;
        if (row->number < l->wanted_head)
            continue;
        if (kept < HEAD_WITHIN)
            keep_top(c, row, &top[kept++]);
        l->rows++;
    }
    if (l->wanted_head > 0 && (!kept || top[0].number != l->wanted_head)) {
        error_fault(&c->err, c->arena, "headRow", "not_found", "没有这一行，或此行为空", "There is no such row, or it is empty", NULL);
        return c->err.rc;
    }
    if (kept)
        take_head(c, l, top, kept);
    return l->rows > 0 ? RC_OK : error_set(&c->err, RC_IMPORT_EMPTY);
}

static void write_texts(struct json_writer *w, const char *const *texts, size_t count)
{
    jw_array(w);
    for (size_t i = 0; i < count; i++)
        jw_text(w, texts[i] ? texts[i] : "");
    jw_array_end(w);
}

static const char *form_of(struct ctx *c, const struct look *l, const struct sheet_facts *f)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, HTTP_ANSWER_MAX);
    jw_init(&w, &text, false);
    jw_object(&w);
    jw_member_text(&w, "format", f->kind);
    jw_member_text(&w, "encoding", f->encoding);
    jw_member_text(&w, "sheet", f->name);
    jw_name(&w, "sheets");
    write_texts(&w, f->names, f->name_count);
    jw_member_text(&w, "merged", f->merged_first);
    jw_member_int(&w, "headRow", l->head_row);
    jw_member_int(&w, "rows", l->rows);
    jw_name(&w, "columns");
    jw_array(&w);
    for (size_t i = 0; i < l->columns; i++) {
        char cell[SHEET_ADDRESS_MAX];
        sheet_address(i, l->head_row ? l->head_row : 1, cell);
        jw_object(&w);
        jw_member_text(&w, "cell", cell);
        jw_member_text(&w, "head", l->heads[i] ? l->heads[i] : "");
        jw_name(&w, "samples");
        write_texts(&w, l->samples[i], SAMPLES);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    const char *out = arena_dup(c->arena, buf_text(&text));
    buf_free(&text);
    return out;
}

static const char *mapping_of(struct ctx *c, const struct look *l)
{
    const char *list = "";
    for (size_t i = 0; i < l->columns; i++)
        list = arena_fmt(c->arena, "%s%s\"%s\"", list, i ? "," : "", l->proposed[i] ? l->proposed[i]->name : "");
    return arena_fmt(c->arena, "[%s]", list);
}

enum rc import_look(struct ctx *c, const char *bytes, size_t n, int64_t head_row, struct import_upload *out)
{
    struct sheet *sheet = NULL;
    struct look *l = arena_new(c->arena, struct look);
    l->upload = out;
    l->wanted_head = head_row;
    enum rc rc = sheet_open_bytes(bytes, n, c->arena, &sheet, &c->err);
    if (rc == RC_OK)
        rc = read_all(c, l, sheet);
    if (rc == RC_OK) {
        out->form = form_of(c, l, sheet_facts(sheet));
        out->mapping = mapping_of(c, l);
    }
    sheet_close(sheet);
    return rc;
}
