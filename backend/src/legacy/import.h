/* What the files of this folder share: the import while it runs, its lists and maps, and reading one row of the old file. */
#ifndef MMS_LEGACY_IMPORT_H
#define MMS_LEGACY_IMPORT_H

#include "base/dec.h"
#include "db/legacy_file.h"
#include "domain/audit.h"
#include "legacy/decimal.h"
#include "legacy/legacy.h"
#include "legacy/totals.h"

enum reason {
#define REASON(name, zh, en) WHY_##name,
#include "legacy/reasons.def"
#undef REASON
    WHY_COUNT
};
const char *reason_code(enum reason why);
const char *reason_zh(const char *code); /* "" for an unknown one */
const char *reason_en(const char *code);

/* ---- lists that grow, and ids that are looked up ---- */

/* The items in an arena, with room for one more. */
void *list_room(struct arena *a, void *items, size_t count, size_t *cap, size_t each);
#define LIST_ADD(A, LIST)                                                                                                                  \
    ((LIST).items = list_room((A), (LIST).items, (LIST).count, &(LIST).cap, sizeof *(LIST).items), &(LIST).items[(LIST).count++])

struct id_map {
    struct arena *arena;
    struct id_slot *slots;
    size_t count, cap;
};
#define ID_NONE SIZE_MAX
void id_put(struct id_map *m, int64_t id, size_t value); /* over an earlier one */
size_t id_get(const struct id_map *m, int64_t id);       /* ID_NONE: not there */

/* ---- what was read ---- */

struct old_unit {
    const char *code;
    int64_t id;
    unsigned decimals; /* what its data need */
};

struct old_material {
    int64_t id, created_ms;
    const char *code, *name, *category;
    size_t unit;
    struct dec min_stock, figure; /* figure: the old current_stock, as far as it can be */
    bool has_figure;
    struct dec running, lowest; /* of the plan (replay.c) */
    int64_t first_ms;           /* of its first posting; 0: none */
    int64_t recovered_ms;       /* when it was last below 0 and no more */
    struct dec first_before;    /* what the first row of its stock history says was there */
    int64_t first_before_id;    /* … its id; 0: none */
};

struct old_document {
    int64_t id, material_id, applicant, approver, created_ms, updated_ms, approved_ms;
    bool receipt, priced;
    struct dec quantity, price, amount;
    const char *status, *number, *remark;
    bool has_history;
};

/* A row of the stock history that is posted by a document of its own. */
struct old_change {
    int64_t id, material_id, at_ms, operator;
    struct dec change;
    const char *remark, *type;
    bool counted; /* type adjust */
    size_t task;  /* whose difference it is; ID_NONE: of none */
    size_t next;  /* of the same document; ID_NONE: the last */
};

struct old_task {
    int64_t id, creator, completed_by, completed_ms, created_ms, updated_ms;
    const char *code, *name, *status, *start_date, *end_date, *remark;
    int64_t documents[2]; /* of shortages, of surpluses; 0: none */
};

struct old_item {
    int64_t id, task_id, material_id, created_ms, updated_ms;
    struct dec book, actual;
    bool counted;
    const char *remark;
};

struct legacy_import {
    const struct legacy_options *options;
    struct legacy_result *result;
    struct ctx *c;
    struct legacy_file *file;
    struct arena *keep; /* until the end; c->arena is of one row */
    enum rc rc;         /* the first failure of what returns nothing */
    int64_t now_ms;     /* of the import itself; c->now_ms goes with the rows */
    int64_t importer;   /* the closed account that the import's own documents name */
    struct audit_chain_end log_end;
    int64_t last_document_id, last_user_id, last_log_ms;
    struct {
        struct old_unit *items;
        size_t count, cap;
    } units;
    struct {
        struct old_material *items;
        size_t count, cap;
    } materials;
    struct {
        struct old_document *items;
        size_t count, cap;
    } documents;
    struct {
        struct old_change *items;
        size_t count, cap;
    } changes;
    struct {
        struct old_task *items;
        size_t count, cap;
    } tasks;
    struct {
        struct old_item *items;
        size_t count, cap;
    } items;
    struct {
        const char **items;
        size_t count, cap;
    } notices; /* lines for the report's head: zh / en */
    struct id_map people, material_ids, document_ids, task_ids, item_keys;
    struct id_map numbers, suffixes; /* by the hash of a document's number; of a material's code: the last suffix it was given */
    struct totals totals;
};

/* ---- one row ---- */

struct old_row {
    struct legacy_import *im;
    const struct legacy_table *table;
    const struct legacy_value *values;
    int64_t id;
    bool left_out;
};

/* Reads the whole table, and counts rows and what is left out. `take` is called for each, with c->arena emptied; a row whose id is bad has
 * been left out already then (r->left_out), and is only to be counted. */
MUST_CHECK enum rc rows_read(struct legacy_import *im, const struct legacy_table *t, void (*take)(struct old_row *r));

/* Lists. `column` < 0: the row as such. */
void row_leave_out(struct old_row *r, int column, enum reason why);
void row_replaced(struct old_row *r, int column, enum reason why, const char *replacement);
void row_noted(struct old_row *r, int column, enum reason why);
/* Of no row: something that the import itself did about it. */
void import_note(struct legacy_import *im, const char *table, int64_t id, const char *column, const char *raw, enum reason why,
                 const char *replacement);

/* Text as valid UTF-8, trimmed of nothing; NULL for NULL. In `keep` with kept_text. */
const char *row_text(struct old_row *r, int column);
const char *kept_text(struct old_row *r, int column);
/* What an index holds (PostgreSQL's take no more than 2,704 bytes), or the search: its first characters, and listed, when it is too long. */
#define NAME_CHARS_MAX 200
const char *row_name(struct old_row *r, int column);
/* The same of a code or a number, which the row's id then ends, so that it stays one of its kind. */
#define CODE_CHARS_MAX 50
const char *row_code(struct old_row *r, int column, const char *code);
/* NULL, and listed as replaced by nothing, when it is none of the NULL-ended choices. */
const char *row_choice(struct old_row *r, int column, const char *const *choices);

enum number { NUMBER_NONE, NUMBER_GOOD, NUMBER_BAD };
/* The exact decimal; what is finer than millionths is rounded, and listed unless it is noise (< 1e-9). BAD: *why. */
enum number row_number(struct old_row *r, int column, struct dec *out, enum reason *why);
/* The number, 0 or more; listed and 0 when it is none. */
struct dec row_amount(struct old_row *r, int column);

/* An instant from 2000 until tomorrow; listed and `otherwise` when it is none. Absent: `otherwise`, silently. */
int64_t row_time(struct old_row *r, int column, int64_t otherwise);
bool row_has_time(struct old_row *r, int column, int64_t *ms); /* lists nothing */
bool row_is_null(const struct old_row *r, int column);

/* The id of a person, for whom a closed account is made when he was deleted; 0: absent, or (listed) no id at all. */
int64_t row_person(struct old_row *r, int column, int64_t at_ms);
/* A positive whole number; 0: it is none. */
int64_t row_id_at(const struct old_row *r, int column);

void import_tell(const struct legacy_import *im, const char *what, int64_t done, int64_t total); /* how far it is */
void import_fail(struct legacy_import *im, enum rc rc); /* keeps the first */
void import_exec(struct legacy_import *im, const struct sql *sql, const struct db_value *args, size_t count);

/* ---- the parts, in their order ---- */
MUST_CHECK enum rc import_people(struct legacy_import *im);    /* people.c */
MUST_CHECK enum rc import_materials(struct legacy_import *im); /* materials.c */
MUST_CHECK enum rc import_finish_materials(struct legacy_import *im);
MUST_CHECK enum rc read_documents(struct legacy_import *im); /* documents.c */
MUST_CHECK enum rc read_history(struct legacy_import *im);   /* history.c */
MUST_CHECK enum rc read_counts(struct legacy_import *im);    /* counts.c */
MUST_CHECK enum rc import_counts(struct legacy_import *im);
MUST_CHECK enum rc import_logs(struct legacy_import *im); /* traces.c */
MUST_CHECK enum rc import_notifications(struct legacy_import *im);
MUST_CHECK enum rc figures_stop(struct legacy_import *im); /* figures.c: in the order of import.c */
MUST_CHECK enum rc figures_go_on(struct legacy_import *im);
MUST_CHECK enum rc replay(struct legacy_import *im);                    /* replay.c */
MUST_CHECK enum rc check_totals(struct legacy_import *im, bool *agree); /* totals.c */
MUST_CHECK enum rc write_report(struct legacy_import *im, bool agree);  /* report.c */

int64_t hash_of(const char *text);

/* Undoes the older system's escaping of <, >, &, quotes and slashes, once. NULL for NULL. */
const char *unescape(struct arena *a, const char *text);

/* An account for somebody who was deleted, or for the import itself. */
void import_closed_account(struct legacy_import *im, int64_t id, const char *username, int64_t at_ms);
void import_picture(struct old_row *r, int column); /* pictures.c */
void forget_pictures(struct legacy_pictures *p);    /* which of them an import has named */

/* A document as it is written and, when approved, posted. */
struct new_posting {
    int64_t id, applicant, approver, created_ms, updated_ms, at_ms; /* at_ms: of approval; 0: not approved */
    bool receipt, imported;
    const char *number, *purpose, *status, *remark;
    const struct posted_line *lines;
    size_t count;
};
struct posted_line {
    int64_t material_id;
    struct dec quantity, price, amount;
    bool priced;
};
MUST_CHECK enum rc post_document(struct legacy_import *im, const struct new_posting *p); /* post.c */

#endif
