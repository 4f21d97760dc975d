/* What the files of counting share: the rows as clients read them, and their sums. */
#ifndef MMS_DOMAIN_STOCKTAKING_ROWS_H
#define MMS_DOMAIN_STOCKTAKING_ROWS_H

#include "domain/list.h"
#include "domain/stocktaking.h"
#include "domain/unit.h"

struct task {
    struct record record;
    int64_t id, creator_id, completed_by, completed_at, created_at, updated_at, item_count, completed_count;
    int64_t location_id, is_blind, by_place, reason_percent, hides_book;
    struct dec reason_value;
    const char *task_code, *task_name, *status, *stage, *scope, *category, *location_code, *start_date, *end_date, *remark;
    const char *creator_name, *completed_by_name;
};

struct item {
    struct record record;
    int64_t id, task_id, material_id, wants_recount, counted_by, version, created_at, updated_at, unit_decimals, location_id, is_found;
    struct dec book_stock, actual_stock, difference;
    struct dec present_stock, stock_value; /* of the material, now */
    const char *difference_type, *remark, *reason, *counted_by_name, *material_code, *material_name, *unit, *category;
    const char *location_code, *location_name, *location_name_en, *storage_place;
    const char *material_status;
};

extern const struct record_type count_task_type, count_item_type;

/* What count_write_summary writes, and the report. */
#define COUNT_SUMMARY_PARTS                                                                                            \
    {"totalItems"}, {"surplusCount", .nullable = true}, {"shortageCount", .nullable = true},                            \
        {"normalCount", .nullable = true}, {"totalSurplus", PART_DEC, .nullable = true},                               \
        {"totalShortage", PART_DEC, .nullable = true}
extern const struct answer_part count_report_parts[];
extern const struct list_filter count_report_query[];

/* A blind task that is still being counted: then nobody is told a book quantity, or what follows from it. The one place that
 * says so; every row of a task or an item is read through these columns. */
#define COUNT_HIDES "(t.is_blind = 1 AND (t.status = 'draft' OR (t.status = 'in_progress' AND t.in_review = 0)))"

#define TASK_COLUMNS                                                                                                   \
    "t.id, t.task_code, t.task_name, t.status, CASE WHEN t.status <> 'in_progress' THEN t.status WHEN t.in_review = 1 " \
    "THEN 'review' ELSE 'counting' END AS stage, t.scope, t.category, t.location_id, lo.code AS location_code, "        \
    "t.is_blind, t.by_place, CASE WHEN " COUNT_HIDES " THEN 1 ELSE 0 END AS hides_book, t.reason_percent, t.reason_value, "         \
    "t.start_date, t.end_date, t.creator_id, t.completed_by, t.completed_at, "                                         \
    "t.remark, t.created_at, t.updated_at, COALESCE(cr.real_name, cr.username) AS creator_name, "                      \
    "COALESCE(co.real_name, co.username) AS completed_by_name, "                                                       \
    "(SELECT COUNT(*) FROM count_items i WHERE i.task_id = t.id) AS item_count, "                                      \
    "(SELECT COUNT(*) FROM count_items i WHERE i.task_id = t.id AND i.actual_stock IS NOT NULL) AS completed_count"
#define TASK_FROM                                                                                                      \
    "count_tasks t JOIN users cr ON cr.id = t.creator_id LEFT JOIN users co ON co.id = t.completed_by "                \
    "LEFT JOIN locations lo ON lo.id = t.location_id"

/* In a blind task, who counts again is not told what the first one counted either. */
#define COUNT_SHOWN_ACTUAL(COLUMN) "CASE WHEN " COUNT_HIDES " AND i.wants_recount = 1 THEN NULL ELSE " COLUMN " END"
#define COUNT_SHOWN(COLUMN) "CASE WHEN " COUNT_HIDES " THEN NULL ELSE " COLUMN " END"
#define ITEM_COLUMNS                                                                                                   \
    "i.id, i.task_id, i.material_id, " COUNT_SHOWN("i.book_stock") " AS book_stock, " COUNT_SHOWN_ACTUAL("i.actual_stock") \
    " AS actual_stock, " COUNT_SHOWN("i.actual_stock - i.book_stock") " AS difference, "                               \
    "CASE WHEN " COUNT_HIDES " THEN NULL WHEN i.actual_stock > i.book_stock THEN 'surplus' "                           \
    "WHEN i.actual_stock < i.book_stock THEN 'shortage' WHEN i.actual_stock = i.book_stock THEN 'normal' END "          \
    "AS difference_type, i.remark, i.reason, i.wants_recount, i.counted_by, "                                          \
    "COALESCE(cb.real_name, cb.username) AS counted_by_name, i.version, i.created_at, i.updated_at, m.material_code, "  \
    "m.material_name, un.code AS unit, " UNIT_DECIMALS_OF ", m.category, i.location_id, il.code AS location_code, "     \
    "il.name_zh AS location_name, il.name_en AS location_name_en, m.location AS storage_place, i.is_found, m.status AS material_status, m.current_stock AS present_stock, " \
    "m.stock_value"
#define ITEM_FROM                                                                                                      \
    "count_items i JOIN count_tasks t ON t.id = i.task_id JOIN materials m ON m.id = i.material_id "                   \
    "JOIN units un ON un.id = m.unit_id LEFT JOIN locations il ON il.id = i.location_id LEFT JOIN users cb ON cb.id = i.counted_by"

/* The book quantity of a material m at a place (NULL: at all of them), at this moment. */
#define COUNT_BOOK_AT(PLACE)                                                                                           \
    "CASE WHEN " PLACE " IS NULL THEN m.current_stock ELSE (SELECT CAST(COALESCE(SUM(b.quantity), 0) AS BIGINT) "       \
    "FROM balances b WHERE b.material_id = m.id AND b.location_id = " PLACE ") END"

bool count_is(const struct task *t, const char *stage);
bool count_has_ended(const struct task *t);

/* The task. RC_TASK_NOT_FOUND; RC_TASK_NOT_YOURS for who may see his own only. */
MUST_CHECK enum rc count_get_task(struct ctx *c, int64_t id, struct task *out);
/* The same of the path's :id. */
MUST_CHECK enum rc count_find_task(struct call *call, struct task *out);
/* The task's item of the path's :itemId. RC_ITEM_NOT_FOUND. */
MUST_CHECK enum rc count_find_item(struct call *call, const struct task *t, struct item *out);

/* To the operation log, as one of module stocktaking; `changes` as in audit.h, or NULL. */
MUST_CHECK enum rc count_log(struct ctx *c, const char *action, const struct task *t, const char *what, const char *changes);
/* The same of a task that comes from t->stage to `stage`. */
MUST_CHECK enum rc count_log_stage(struct ctx *c, const char *action, const struct task *t, const char *what, const char *stage);

struct summary {
    int64_t total, surplus, shortage, normal, uncounted, recounts;
    struct dec surplus_sum, shortage_sum; /* of all units together, as existing clients show it; never past the range */
};

/* The task's items (t->item_count of them at most) in the order of their codes, and their sums. */
MUST_CHECK enum rc count_read_items(struct ctx *c, const struct task *t, struct item **out, struct summary *s);
/* Members of an object: the sums; "items": […]. */
void count_write_summary(struct json_writer *w, const struct task *t, const struct summary *s);
void count_write_items(struct json_writer *w, const struct item *items, int64_t count);

bool count_is_counted(const struct item *i);
/* The difference by the material's present average, in yuan. False: it is not known (no stock, hence no average; or hidden). */
bool count_difference_value(const struct item *i, struct dec *value);
/* Its difference passes the task's threshold. */
bool count_needs_reason(const struct task *t, const struct item *i);

/* ---- handlers of the other files ---- */
MUST_CHECK enum rc count_get_report(struct call *call);  /* stocktaking_report.c */
MUST_CHECK enum rc count_put_item(struct call *call);    /* stocktaking_count.c */
MUST_CHECK enum rc count_put_reason(struct call *call);
MUST_CHECK enum rc count_put_recount(struct call *call);
MUST_CHECK enum rc count_get_entries(struct call *call);
MUST_CHECK enum rc count_post_found(struct call *call);  /* stocktaking_found.c */
MUST_CHECK enum rc count_put_withdraw(struct call *call);
MUST_CHECK enum rc count_put_start(struct call *call);   /* stocktaking_end.c */
MUST_CHECK enum rc count_put_review(struct call *call);
MUST_CHECK enum rc count_put_complete(struct call *call);
MUST_CHECK enum rc count_put_cancel(struct call *call);
extern const struct record_type count_body_type, count_found_type, count_withdraw_type, count_reason_type, count_recount_type, count_entry_type, count_end_type;
extern const struct answer_part count_counted_parts[], count_withdrawn_parts[];

/* Takes the task's items over from its scope (stocktaking_scope.c). RC_COUNT_SCOPE_EMPTY, RC_COUNT_SCOPE_TOO_LARGE. */
MUST_CHECK enum rc count_take_scope(struct ctx *c, const struct task *t);
/* The same of materials that are named: the body's array of their ids. */
MUST_CHECK enum rc count_take_materials(struct ctx *c, const struct task *t, const struct json *ids);
/* At the start: what has come and gone since the task was made. */
MUST_CHECK enum rc count_take_anew(struct ctx *c, const struct task *t);

/* A count as bodies tell it (stocktaking_count.c). */
struct count_body {
    struct record record;
    struct dec actual_stock;
    const char *remark, *reason;
    const char *count_id; /* made by the device: however often it arrives, it counts once */
    int64_t version;
    int64_t age_ms; /* how long ago it was counted: without a network it comes later */
    int64_t material_id, location_id; /* of what was found */
};
/* When it was counted; never before `earliest`. */
int64_t count_moment(const struct ctx *c, const struct count_body *b, int64_t earliest);
/* Faults of the quantity, by the material's unit. */
MUST_CHECK enum rc count_check_quantity(struct ctx *c, const struct count_body *b, int64_t material_id);
/* *is: this very count is there already, as part of item *i, which then tells what it said at that time. */
MUST_CHECK enum rc count_is_known(struct ctx *c, const struct task *t, const struct count_body *b, struct item *i, bool *is);
/* The count becomes the item's, and one more of its entries; and a draft begins. */
MUST_CHECK enum rc count_store(struct ctx *c, const struct count_body *b, const struct item *i, int64_t at);
MUST_CHECK enum rc count_get_item(struct ctx *c, const struct task *t, int64_t id, struct item *out);
MUST_CHECK enum rc count_reply(struct call *call, int status, const struct item *i);

#endif
