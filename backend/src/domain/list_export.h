/* Lists as files: GET /api/export/<the list's path>?format=xlsx|csv&lang=zh|en and the list's own filters and sort.
 *
 * A file has all rows of the list that the same parameters choose, in the same order, as one moment saw them: filters, scope and
 * statement are the list's own (list_walk). Columns are declared beside the list's spec, one row each. */
#ifndef MMS_DOMAIN_LIST_EXPORT_H
#define MMS_DOMAIN_LIST_EXPORT_H

#include "domain/list.h"
#include "domain/words.h"
#include "excel/csv.h"
#include "excel/excel.h"

enum export_kind {
    EXPORT_TEXT,
    EXPORT_CODE,  /* text that may look like a number */
    EXPORT_WORD,  /* text that is one of `words`, which is what people read */
    EXPORT_FLAG,  /* 0 or 1, as yes or no */
    EXPORT_WHOLE,
    EXPORT_DEC,
    EXPORT_TIME,  /* an instant, in the company's zone */
    EXPORT_DAY,   /* a text "2026-11-29", as the day that it is */
    EXPORT_DAY_NUMBER,
};

struct export_column {
    const char *field; /* a column of the list; must stay first: db_columns walks over it */
    enum export_kind kind;
    const char *zh, *en;
    int width; /* in characters */
    const struct word *words;
};

struct list_export {
    const char *name;                   /* of the file: "materials" */
    const char *zh, *en;                /* what the list is called; at most 25 characters, for a sheet's name */
    const char *module, *resource_type; /* in the operation log */
    list_scope_fn scope;                /* the list's; NULL: everything */
    /* Rows that are no statement's but worked out: reads the parameters (all faults at once, to ctx.err), then tells every row in one
     * snapshot, as list_walk does. Without a visitor only the faults. NULL: the rows are the list's. */
    enum rc (*walk)(const struct list_source *s, const struct list_visitor *visitor);
    enum permission also;               /* wanted beside the route's: the list's, where exporting has one of its own. 0: none */
    const struct export_column *columns; /* ends with a NULL field */
};

#define EXPORT_COLUMNS(...) ((const struct export_column[]){__VA_ARGS__, {0}})

enum export_format { EXPORT_XLSX, EXPORT_CSV };
extern const char *const export_formats[], *const export_languages[]; /* of the parameters; NULL-ended */

/* What is wanted of a query's rows. */
struct export_order {
    const struct list_export *list;
    enum export_format format;
    bool english;
};

/* Told before the first row, after every few hundred, and after the last. Either may be NULL. */
struct export_progress {
    void (*told)(void *arg, int64_t rows_done, int64_t rows_total);
    bool (*is_cancelled)(void *arg); /* asked after `told` */
    void *arg;
};

/* Which rows. */
struct export_set {
    const struct list_source *source;
    struct list_query *query; /* NULL: the export has a walk of its own */
};

struct export_file {
    struct table_file file;
    int64_t rows;
};

/* Writes all rows of the set to a file without a name. RC_SHUTTING_DOWN: cancelled. RC_DB_FULL, RC_FILES_UNWRITABLE: no room, or no
 * folder for it. *out is set with RC_OK only; then the descriptor is the caller's to close. `progress` may be NULL. */
MUST_CHECK enum rc export_write(struct ctx *c, const struct export_set *set, const struct export_order *order,
                                const struct export_progress *progress, struct export_file *out);

/* The table that rows are written to, in the folder of the program's files. `columns` and `title` must outlive it. */
MUST_CHECK enum rc export_begin(struct ctx *c, enum export_format format, const char *title, const struct table_column *columns,
                                size_t count, struct table **out);
/* Ends it with the rows that it has; or, when rc says that writing them went wrong, without a file. */
MUST_CHECK enum rc export_end(struct table *table, enum rc rc, struct table_file *out);

/* ---- the routes ---- */

/* Sends the struct export_file that a prepare has left in call->prepared, or closes it. */
void export_after(struct call *call, enum rc rc);
MUST_CHECK enum rc list_export_prepare(struct call *call);
MUST_CHECK enum rc list_export_log(struct call *call);
/* Queues the same as a job (export_job.c): 202, data {id, jobId}. */
MUST_CHECK enum rc list_export_queue(struct call *call);

/* ---- what a request and a job share ---- */

/* What is wanted, by the parameters format and lang; faults go to ctx.err. */
struct export_order export_order_of(const struct list_source *s, const struct list_export *list);
/* What the source's parameters choose, as far as the actor may see: `id` of the path. */
MUST_CHECK enum rc export_choose(const struct list_source *s, const struct list_export *list, int64_t id, struct export_set *out);
/* "; category=chemical; sort=-created_at": what was asked for of the list, as it was sent. */
const char *export_asked_for(const struct list_source *s);
MUST_CHECK enum rc export_log(struct ctx *c, const struct export_order *order, int64_t id, int64_t rows, const char *asked_for);
/* The header Content-Disposition, with the company's day in the name. */
MUST_CHECK enum rc export_disposition(struct ctx *c, const struct export_order *order, const char **out);

#define EXPORT_JOBS "/api/export-jobs"
#define EXPORT_REFUSALS RC_FILES_UNWRITABLE, RC_DB_FULL, RC_DB_READONLY, RC_DB_UNCERTAIN
/* The rows beside a list's; the last arguments are the refusals. */
#define LIST_EXPORT(PATH, PERMISSION, SUMMARY, LIST, EXPORT, ...)                                                      \
    ROUTE("POST", EXPORT_JOBS PATH, LANE_WRITE, PERMISSION, NULL, list_export_queue, SUMMARY "（后台任务）", .status = 202, .list = (LIST), \
          .export = (EXPORT), .parts = PARTS({"id"}, {"jobId"}), .refusals = REFUSALS(__VA_ARGS__)),                   \
    ROUTE("GET", "/api/export" PATH, LANE_SLOW, PERMISSION, NULL, list_export_log, SUMMARY, .prepare = list_export_prepare, \
          .after = export_after, .keeps_no_answer = true, .list = (LIST), .export = (EXPORT), .bare = true,            \
          .media = EXCEL_TYPE, .refusals = REFUSALS(__VA_ARGS__))

#endif
