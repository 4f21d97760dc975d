/* The check: a job that looks at every row of the file as it will be stored, and keeps what it finds. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/token.h"
#include "domain/import_rows.h"
#include "files/files.h"

#define BATCH 500 /* rows that are kept in one transaction */
#define BATCH_BYTES ((size_t)4 << 20) /* from which fewer are: a row may hold very long texts */

static const struct sql CLEAR = {"import.clear", "DELETE FROM import_rows WHERE import_id = $1"};
static const struct sql RESTART = {"import.restart", "UPDATE imports SET status = 'new', summary = NULL, updated_at = $2 WHERE id = $1 AND "
                                                     "status IN ('new', 'checked')"};
static const struct sql KEEP = {"import.keep_row", "INSERT INTO import_rows (import_id, row_no, outcome, label, target_id, target_version, "
                                                   "body, changes, faults) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
static const struct sql FINISH = {"import.checked", "UPDATE imports SET status = 'checked', summary = $2, updated_at = $3 WHERE id = $1"};

enum { SUM_CREATE, SUM_CHANGE, SUM_LINE, SUM_FAULT, SUM_SAME, SUMS };
static const char *const sum_names[SUMS] = {"create", "change", "line", "fault", "same"};

struct checking {
    struct job_run *run;
    struct import im;
    const struct import_kind *kind;
    int64_t head_row, total;
    bool is_csv;
    size_t columns[IMPORT_FIELDS_MAX];
    struct import_words *words;
    struct hsearch_data keys; /* of rows */
    struct ctx batch_ctx;     /* its arena lives until the batch is kept */
    struct import_found batch[BATCH];
    size_t count;
    int64_t sums[SUMS], rows;
};

/* ---------------------------------------------------------------- what the person has chosen */

static const struct json *parse(struct ctx *c, const char *text)
{
    struct json_fault fault;
    return text ? json_parse(c->arena, text, strlen(text), &fault) : NULL;
}

static void read_mapping(struct checking *k)
{
    size_t column = 0;
    const struct json *list = parse(&k->run->ctx, k->im.mapping);
    for (size_t i = 0; i < IMPORT_FIELDS_MAX; i++)
        k->columns[i] = IMPORT_NO_COLUMN;
    for (const struct json *v = list ? list->first : NULL; v; v = v->next, column++) {
        size_t i = v->type == JSON_STRING ? import_field_index(k->kind, v->text) : k->kind->field_count;
        if (i < k->kind->field_count)
            k->columns[i] = column;
    }
}

static enum rc read_import(struct checking *k)
{
    struct ctx *c = &k->run->ctx;
    TRY(import_get(c, k->run->subject_id, &k->im));
    k->kind = import_kind_of(k->im.kind);
    const struct json *form = parse(c, k->im.form);
    if (!k->kind || !form || !json_to_int(json_member(form, "headRow"), &k->head_row) || !json_to_int(json_member(form, "rows"), &k->total))
        return error_set(&c->err, RC_INTERNAL);
    read_mapping(k);
    k->words = import_words_new(c->arena, parse(c, k->im.answers));
    return RC_OK;
}

/* ---------------------------------------------------------------- keeping what was found */

static enum rc restart(struct ctx *c, void *arg)
{
    const struct checking *k = arg;
    TRY(db_exec(c->db, &CLEAR, DB_ARGS(DB_I(k->im.id)), NULL));
    int64_t changed;
    TRY(db_exec(c->db, &RESTART, DB_ARGS(DB_I(k->im.id), DB_I(c->now_ms)), &changed));
    return changed ? RC_OK : error_set(&c->err, RC_IMPORT_STATE);
}

static enum rc keep_batch(struct ctx *c, void *arg)
{
    const struct checking *k = arg;
    for (size_t i = 0; i < k->count; i++) {
        const struct import_found *f = &k->batch[i];
        TRY(db_exec(c->db, &KEEP,
                    DB_ARGS(DB_I(k->im.id), DB_I(f->row_no), DB_T(f->outcome), DB_T(f->label), f->target_id ? DB_I(f->target_id) : DB_N,
                            f->target_version ? DB_I(f->target_version) : DB_N, DB_T(f->body), DB_T(f->changes), DB_T(f->faults)),
                    NULL));
    }
    return RC_OK;
}

static enum rc flush(struct checking *k)
{
    TRY(job_write(k->run, keep_batch, k));
    k->count = 0;
    arena_reset(k->batch_ctx.arena);
    return RC_OK;
}

/* Before the next row. Rows that are as they are already take memory, too, and are not kept. */
static enum rc make_room(struct checking *k)
{
    if (k->count < BATCH && k->batch_ctx.arena->used < BATCH_BYTES)
        return RC_OK;
    if (k->count)
        return flush(k);
    arena_reset(k->batch_ctx.arena);
    return RC_OK;
}

static const char *summary_of(struct checking *k)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, HTTP_ANSWER_MAX);
    jw_init(&w, &text, false);
    jw_object(&w);
    jw_member_int(&w, "rows", k->rows);
    for (size_t i = 0; i < SUMS; i++) {
        jw_name(&w, sum_names[i]);
        jw_int(&w, k->sums[i]);
    }
    jw_name(&w, "unknown");
    import_write_unknown(k->words, &w);
    jw_object_end(&w);
    const char *out = arena_dup(k->run->ctx.arena, buf_text(&text));
    buf_free(&text);
    return out;
}

static enum rc finish(struct ctx *c, void *arg)
{
    struct checking *k = arg;
    TRY(keep_batch(c, k));
    k->run->result = summary_of(k);
    return db_exec(c->db, &FINISH, DB_ARGS(DB_I(k->im.id), DB_T(k->run->result), DB_I(c->now_ms)), NULL);
}

/* ---------------------------------------------------------------- one row */

static int64_t claim_key(void *arg, const char *key, int64_t row_no)
{
    struct checking *k = arg;
    ENTRY *there;
    char hash[HASH_HEX_MAX];
    if (strlen(key) >= sizeof hash) { /* a workbook may have one very long text in every row */
        hash_hex(key, strlen(key), hash);
        key = hash;
    }
    if (hsearch_r((ENTRY){.key = (char *)(intptr_t)key}, FIND, &there, &k->keys))
        return (int64_t)(intptr_t)there->data;
    const ENTRY own = {.key = arena_dup(k->run->ctx.arena, key), .data = (void *)(intptr_t)row_no};
    (void)hsearch_r(own, ENTER, &there, &k->keys); /* there is room for every row */
    return 0;
}

static void write_fault(struct checking *k, struct json_writer *w, const struct field_fault *f, const struct sheet_row *row)
{
    struct ctx *c = &k->batch_ctx;
    char cell[SHEET_ADDRESS_MAX];
    size_t i = 0;
    while (i < k->kind->field_count && strcmp(record_camel(c->arena, k->kind->fields[i].name), f->field) != 0)
        i++;
    bool known = i < k->kind->field_count;
    jw_object(w);
    jw_name(w, "cell");
    if (known && k->columns[i] != IMPORT_NO_COLUMN) {
        sheet_address(k->columns[i], row->number, cell);
        jw_text(w, cell);
    } else {
        jw_null(w);
    }
    jw_member_text(w, "field", known ? k->kind->fields[i].name : f->field);
    jw_member_text(w, "title", known ? k->kind->fields[i].title : f->field);
    jw_member_text(w, "title_en", known ? k->kind->fields[i].title_en : f->field);
    jw_member_text(w, "code", f->code);
    jw_member_text(w, "zh", f->zh);
    jw_member_text(w, "en", f->en);
    jw_member_text(w, "value", f->value);
    jw_object_end(w);
}

/* A word that nobody knows leaves its field without a value: that it is missing is not told as well. */
static bool is_told_already(const struct error *err, const struct field_fault *f)
{
    for (const struct field_fault *before = err->faults; before != f; before = before->next)
        if (strcmp(before->field, f->field) == 0)
            return true;
    return false;
}

static const char *faults_of(struct checking *k, const struct error *err, const struct sheet_row *row)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, HTTP_BODY_MAX);
    jw_init(&w, &text, false);
    jw_array(&w);
    for (const struct field_fault *f = err->faults; f; f = f->next)
        if (!is_told_already(err, f))
            write_fault(k, &w, f, row);
    jw_array_end(&w);
    const char *out = arena_dup(k->batch_ctx.arena, buf_text(&text));
    buf_free(&text);
    return out;
}

/* A column that is needed and that nobody has named is one fault of every row, told by the fields themselves. */
static enum rc check_row(struct checking *k, const struct sheet_row *sheet_row)
{
    struct ctx c = k->batch_ctx;
    struct import_found *found = &k->batch[k->count];
    struct import_row row = {.c = &c, .kind = k->kind, .row = sheet_row, .is_csv = k->is_csv, .columns = k->columns, .words = k->words,
                             .claim_key = claim_key, .arg = k};
    *found = (struct import_found){.row_no = sheet_row->number};
    TRY(import_read_values(&row));
    enum rc rc = k->kind->check(&row, found);
    if (rc != RC_OK) {
        k->run->ctx.err = c.err;
        return rc;
    }
    if (c.err.rc != RC_OK) {
        found->outcome = "fault";
        found->faults = faults_of(k, &c.err, sheet_row);
        found->body = found->changes = NULL;
    }
    size_t sum = 0;
    while (sum < SUM_SAME && (!found->outcome || strcmp(found->outcome, sum_names[sum]) != 0))
        sum++;
    k->sums[sum]++;
    k->rows++;
    k->count += found->outcome != NULL;
    return RC_OK;
}

static bool is_blank(const struct checking *k, const struct sheet_row *row)
{
    for (size_t i = 0; i < k->kind->field_count; i++)
        if (k->columns[i] < row->count && row->cells[k->columns[i]].kind != SHEET_CELL_EMPTY)
            return false;
    return true;
}

static enum rc check_rows(struct checking *k, struct sheet *sheet)
{
    for (const struct sheet_row *row;;) {
        TRY(sheet_next(sheet, &row, &k->run->ctx.err));
        if (!row)
            return RC_OK;
        if (row->number <= k->head_row || is_blank(k, row))
            continue;
        TRY(check_row(k, row));
        TRY(make_room(k));
        TRY(job_tell(k->run, k->rows, k->total));
    }
}

static enum rc check_file(struct checking *k)
{
    struct ctx *c = &k->run->ctx;
    struct buf bytes;
    struct sheet *sheet = NULL;
    buf_init(&bytes, SHEET_FILE_MAX + 1);
    enum rc rc = files_get(c->files, k->im.file_key, &bytes);
    if (rc == RC_OK)
        rc = sheet_open_bytes(buf_text(&bytes), bytes.n, c->arena, &sheet, &c->err);
    if (rc == RC_OK) {
        k->is_csv = strcmp(sheet_facts(sheet)->kind, "csv") == 0;
        rc = check_rows(k, sheet);
    }
    sheet_close(sheet);
    buf_free(&bytes);
    return rc;
}

static enum rc run_check(struct job_run *run)
{
    struct arena batch_arena;
    struct checking *k = calloc(1, sizeof *k);
    if (!k)
        return error_set(&run->ctx.err, RC_INTERNAL);
    k->run = run;
    arena_init(&batch_arena);
    k->batch_ctx = run->ctx;
    k->batch_ctx.arena = &batch_arena;
    enum rc rc = read_import(k);
    if (rc == RC_OK && !hcreate_r((size_t)k->total * 2 + 100, &k->keys))
        rc = error_set(&run->ctx.err, RC_INTERNAL);
    if (rc == RC_OK)
        rc = job_write(run, restart, k);
    if (rc == RC_OK)
        rc = check_file(k);
    if (rc == RC_OK)
        rc = job_write_last(run, finish, k);
    hdestroy_r(&k->keys);
    arena_free(&batch_arena);
    free(k);
    return rc;
}

const struct job_kind import_check_job = {"import.check", "检查导入文件", "Check of an import", PERM_DOCUMENT_CREATE, run_check};
