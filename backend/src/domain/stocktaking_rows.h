/* What the files of counting share: the rows as clients read them, and their sums. */
#ifndef MMS_DOMAIN_STOCKTAKING_ROWS_H
#define MMS_DOMAIN_STOCKTAKING_ROWS_H

#include "domain/stocktaking.h"

struct task {
    struct record record;
    int64_t id, creator_id, completed_by, completed_at, created_at, updated_at, item_count, completed_count;
    const char *task_code, *task_name, *status, *start_date, *end_date, *remark, *creator_name, *completed_by_name;
};

struct item {
    struct record record;
    int64_t id, task_id, material_id, version, created_at, updated_at;
    struct dec book_stock, actual_stock, difference;
    const char *difference_type, *remark, *material_code, *material_name, *unit, *category;
};

extern const struct record_type count_task_type, count_item_type;

/* What count_write_summary writes, and the report. */
#define COUNT_SUMMARY_PARTS                                                                                            \
    {"totalItems"}, {"surplusCount"}, {"shortageCount"}, {"normalCount"}, {"totalSurplus", PART_DEC},                   \
    {"totalShortage", PART_DEC}
extern const struct answer_part count_report_parts[];

#define TASK_COLUMNS                                                                                                   \
    "t.id, t.task_code, t.task_name, t.status, t.start_date, t.end_date, t.creator_id, t.completed_by, t.completed_at, " \
    "t.remark, t.created_at, t.updated_at, COALESCE(cr.real_name, cr.username) AS creator_name, "                      \
    "COALESCE(co.real_name, co.username) AS completed_by_name, "                                                       \
    "(SELECT COUNT(*) FROM count_items i WHERE i.task_id = t.id) AS item_count, "                                      \
    "(SELECT COUNT(*) FROM count_items i WHERE i.task_id = t.id AND i.actual_stock IS NOT NULL) AS completed_count"
#define TASK_FROM "count_tasks t JOIN users cr ON cr.id = t.creator_id LEFT JOIN users co ON co.id = t.completed_by"
#define ITEM_COLUMNS                                                                                                   \
    "i.id, i.task_id, i.material_id, i.book_stock, i.actual_stock, i.actual_stock - i.book_stock AS difference, "      \
    "CASE WHEN i.actual_stock > i.book_stock THEN 'surplus' WHEN i.actual_stock < i.book_stock THEN 'shortage' "       \
    "WHEN i.actual_stock = i.book_stock THEN 'normal' END AS difference_type, i.remark, i.version, i.created_at, "     \
    "i.updated_at, m.material_code, m.material_name, un.code AS unit, m.category"
#define ITEM_FROM "count_items i JOIN materials m ON m.id = i.material_id JOIN units un ON un.id = m.unit_id"

/* The task of the path's :id. RC_TASK_NOT_FOUND; RC_TASK_NOT_YOURS for who may see his own only. */
MUST_CHECK enum rc count_find_task(struct call *call, struct task *out);

struct summary {
    int64_t total, surplus, shortage, normal, uncounted;
    struct dec surplus_sum, shortage_sum; /* of all units together, as existing clients show it; never past the range */
};

/* The task's items (t->item_count of them at most) in the order of their codes, and their sums. */
MUST_CHECK enum rc count_read_items(struct ctx *c, const struct task *t, struct item **out, struct summary *s);
/* Members of an object: the sums; "items": […]. */
void count_write_summary(struct json_writer *w, const struct summary *s);
void count_write_items(struct json_writer *w, const struct item *items, int64_t count);

/* GET …/diff/report */
MUST_CHECK enum rc count_get_report(struct call *call);

#endif
