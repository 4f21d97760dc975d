/* What the files of the import share. */
#ifndef MMS_DOMAIN_IMPORT_ROWS_H
#define MMS_DOMAIN_IMPORT_ROWS_H

#include "crypto/token.h"
#include "domain/import.h"
#include "domain/list.h"
#include "excel/sheet.h"

#define IMPORT_FIELDS_MAX 32
#define IMPORT_TEXT_CHARS 4000   /* what no field takes; so that a row's body has its bounds */
#define IMPORT_WORD_CHARS 200    /* a longer text means no unit, category or place */
#define IMPORT_UNKNOWN_TOLD 200  /* of them, those that nobody knows and that are told */
#define IMPORT_NO_COLUMN SIZE_MAX

/* How a cell is read. */
enum import_value {
    IMPORT_TEXT,
    IMPORT_NUMBER,   /* "1,234.5" and full-width digits too */
    IMPORT_DAY,      /* 2026-11-29, 2026/11/29, 2026年11月29日, 20261129 */
    IMPORT_CATEGORY, /* words: what nobody knows is proposed, not invented */
    IMPORT_UNIT,
    IMPORT_PLACE,
};

struct import_field {
    const char *name, *title, *title_en;
    enum import_value value;
    bool needed;
    const char *spellings[8]; /* other heads, NULL-ended */
};

struct import {
    struct record record;
    int64_t id, bytes, created_by, created_at, updated_at, done_by, done_at, undone_by, undone_at;
    const char *kind, *status, *file_name, *file_key, *hash, *form, *mapping, *answers, *remark, *summary, *creator_name;
};
extern const struct record_type import_type;

/* RC_IMPORT_NOT_FOUND: also when it is somebody else's (an administrator sees all). */
MUST_CHECK enum rc import_get(struct ctx *c, int64_t id, struct import *out);

/* A row as the check found it. */
struct import_found {
    int64_t row_no;
    const char *outcome; /* create, change, line, fault; NULL: it is as it is already */
    const char *label;
    int64_t target_id, target_version;
    const char *body, *changes, *faults;
};

/* A word of a file, and what it stands for. */
struct import_word {
    const struct import_field *field;
    const char *text;     /* as it stands in the file */
    const char *stands_for; /* the unit's or place's code, the category; NULL: nobody knows */
    int64_t id, decimals; /* of the unit or place there is; id 0: it is to be made */
    const char *proposal; /* of an unknown one: what it may mean */
    bool may_create;      /* an unknown one */
    int64_t rows;
    char cell[SHEET_ADDRESS_MAX]; /* where it stands first */
    struct import_word *next, *in_slot;
};

struct import_words;

/* A row that is being checked. c: its arena lives until the batch is stored; c->err is the row's own. */
struct import_row {
    struct ctx *c;
    const struct import_kind *kind;
    const struct sheet_row *row;
    bool is_csv;
    const size_t *columns;      /* of each field; IMPORT_NO_COLUMN */
    struct import_words *words;
    const char *values[IMPORT_FIELDS_MAX]; /* as a body spells them; NULL: empty */
    const struct import_word *named[IMPORT_FIELDS_MAX]; /* of words */
    /* The row that has this key already, 0: none yet; it is this one's from now on. */
    int64_t (*claim_key)(void *arg, const char *key, int64_t row_no);
    void *arg;
};

struct import_kind {
    const char *name, *title, *title_en;
    enum permission permission;
    const struct import_field *fields;
    size_t field_count;
    /* Looks at a row whose values are read. Faults go to row->c->err (by the field's name, in camel case). */
    enum rc (*check)(struct import_row *row, struct import_found *out);
    /* In the commit's transaction. */
    enum rc (*commit)(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result);
    enum rc (*undo)(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result);
};
extern const struct import_kind import_kinds[];
const struct import_kind *import_kind_of(const char *name); /* NULL: none */

/* A fault of the row that lies in this field. */
void import_fault(struct import_row *row, const char *field, const char *code, const char *zh, const char *en);
size_t import_field_index(const struct import_kind *kind, const char *name);
/* {"materialCode":"…",…} of the values that are not empty, without those of `without`. */
const char *import_body(struct import_row *row, const char *without);

/* ---- import.c ---- */

/* The answer with all of an import. */
MUST_CHECK enum rc import_reply(struct call *call, int64_t id, int status, const char *zh, const char *en);
/* A member that is JSON already; NULL: null. */
void import_write_json(struct json_writer *w, const char *name, const char *json);
/* The import of the path, for who may change it, in one of these states (the second may be NULL) and with no job open. RC_IMPORT_NOT_FOUND,
 * RC_IMPORT_STATE, RC_JOB_OPEN. */
MUST_CHECK enum rc import_load_for_change(struct call *call, struct import *im, const char *first_status, const char *second_status);

/* ---- import_choose.c ---- */

extern const struct record_type import_choice_type;
MUST_CHECK enum rc import_prepare_choice(struct call *call);
MUST_CHECK enum rc import_put_choice(struct call *call);

/* ---- import_shown.c ---- */

extern const struct answer_part import_row_page_parts[];
extern const struct list_filter import_row_page_query[];
MUST_CHECK enum rc import_get_row_page(struct call *call);

/* ---- import_upload.c ---- */

#define IMPORT_FIND_HEAD (-1)
#define IMPORT_NO_HEAD 0

/* What is kept of a file beside its bytes; form and mapping are JSON. */
struct import_upload {
    const struct import_kind *kind;
    const char *file_name, *file_key, *form, *mapping;
    int64_t bytes;
    char hash[HASH_HEX_MAX];
};
/* Reads all of the file, and fills form and mapping of an upload whose kind is set. head_row: its number, or one of the above.
 * RC_SHEET_…, RC_IMPORT_EMPTY; a fault of headRow when there is no such row. */
MUST_CHECK enum rc import_look(struct ctx *c, const char *bytes, size_t n, int64_t head_row, struct import_upload *out);

/* ---- import_columns.c ---- */

/* The proposed field of each column of a head; NULL: none. The number of fields that were found. */
size_t import_propose(struct arena *a, const struct import_kind *kind, const struct sheet_row *head, const struct import_field **out);

/* ---- import_values.c ---- */

struct import_words *import_words_new(struct arena *a, const struct json *answers);
/* Fills row->values; what cannot be read is a fault. */
MUST_CHECK enum rc import_read_values(struct import_row *row);
void import_write_unknown(struct import_words *words, struct json_writer *w);

/* ---- import_jobs.c ---- */

MUST_CHECK enum rc import_count_rows(struct ctx *c, int64_t import_id, const char *outcome, int64_t *n);
/* How many rows a commit or an undo has to do with. */
MUST_CHECK enum rc import_count_work(struct ctx *c, int64_t import_id, int64_t *n);

/* ---- for commit and undo: the rows of an import in their order, a page at a time ---- */

struct import_stored {
    int64_t row_no, target_id, target_version;
    const char *outcome, *label, *body, *changes;
};
#define IMPORT_PAGE 200
/* At most `max` rows of that outcome, behind `after_row`. */
MUST_CHECK enum rc import_read_page(struct ctx *c, int64_t import_id, const char *outcome, int64_t after_row, size_t max,
                                    struct import_stored *out, size_t *count);
/* Hands on what a service has said in a context whose memory goes before c's; about a row, with the row before it (0: none). */
enum rc import_hand_on(struct ctx *c, const struct ctx *from, int64_t row_no, const char *label, enum rc rc);

/* ---- the kinds ---- */

enum rc import_check_material(struct import_row *row, struct import_found *out);
enum rc import_commit_materials(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result);
enum rc import_undo_materials(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result);
enum rc import_check_line(struct import_row *row, struct import_found *out);
enum rc import_commit_lines(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result);
enum rc import_undo_lines(struct job_run *run, struct ctx *c, const struct import *im, struct json_writer *result);

#endif
