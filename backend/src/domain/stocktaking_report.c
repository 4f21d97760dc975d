/* The report of differences. */
#include <stdlib.h>

#include "domain/reply.h"
#include "domain/stocktaking_rows.h"

static void write_report_task(struct json_writer *w, const struct task *t)
{
    char text[CLOCK_TEXT_MAX];
    const struct {
        const char *name, *text;
    } texts[] = {{"taskCode", t->task_code},   {"taskName", t->task_name},       {"status", t->status},
                 {"startDate", t->start_date}, {"endDate", t->end_date},         {"creatorName", t->creator_name},
                 {"completedByName", t->completed_by_name}};
    jw_name(w, "task");
    jw_object(w);
    jw_name(w, "id");
    jw_int(w, t->id);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        jw_name(w, texts[i].name);
        jw_text(w, texts[i].text);
    }
    jw_name(w, "completedAt");
    if (t->completed_at)
        jw_text_n(w, text, clock_print_row(t->completed_at, text));
    else
        jw_null(w);
    jw_name(w, "createdAt");
    jw_text_n(w, text, clock_print_row(t->created_at, text));
    jw_object_end(w);
}

static void write_report_item(struct json_writer *w, const struct item *i)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"materialCode", i->material_code}, {"materialName", i->material_name},     {"unit", i->unit},
                 {"category", i->category},          {"differenceType", i->difference_type}, {"remark", i->remark}};
    const struct {
        const char *name;
        struct dec value;
        bool has;
    } numbers[] = {{"bookStock", i->book_stock, true},
                   {"actualStock", i->actual_stock, i->difference_type},
                   {"difference", i->difference, i->difference_type}};
    jw_object(w);
    jw_name(w, "id");
    jw_int(w, i->id);
    jw_name(w, "materialId");
    jw_int(w, i->material_id);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        jw_name(w, texts[k].name);
        jw_text(w, texts[k].text);
    }
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        jw_name(w, numbers[k].name);
        if (numbers[k].has)
            jw_dec(w, numbers[k].value);
        else
            jw_null(w);
    }
    jw_object_end(w);
}

/* The largest difference first, whichever way; what has not been counted last. */
static int by_difference(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int64_t dx = x->difference_type ? llabs(x->difference.millionths) : -1;
    int64_t dy = y->difference_type ? llabs(y->difference.millionths) : -1;
    return dx != dy ? (dx < dy) - (dx > dy) : (x->id > y->id) - (x->id < y->id);
}

#define TEXT_OR_NULL(NAME) {NAME, PART_TEXT, .nullable = true}
static const struct answer_part task_parts[] = {
    {"id"}, {"taskCode", PART_TEXT}, {"taskName", PART_TEXT}, {"status", PART_TEXT},
    TEXT_OR_NULL("startDate"), TEXT_OR_NULL("endDate"), TEXT_OR_NULL("creatorName"), TEXT_OR_NULL("completedByName"),
    {"completedAt", PART_TIME, .nullable = true}, {"createdAt", PART_TIME}, {0},
};
static const struct answer_part item_parts[] = {
    {"id"}, {"materialId"}, {"materialCode", PART_TEXT}, {"materialName", PART_TEXT}, {"unit", PART_TEXT}, {"category", PART_TEXT},
    TEXT_OR_NULL("differenceType"), TEXT_OR_NULL("remark"), {"bookStock", PART_DEC},
    {"actualStock", PART_DEC, .nullable = true}, {"difference", PART_DEC, .nullable = true}, {0},
};
const struct answer_part count_report_parts[] = {
    {"task", PART_OBJECT, .parts = task_parts},
    {"summary", PART_OBJECT, .parts = PARTS(COUNT_SUMMARY_PARTS, {"totalDifference", PART_DEC})},
    {"items", PART_ARRAY, .parts = item_parts},
    {0},
};

enum rc count_get_report(struct call *call)
{
    struct task t;
    struct summary s;
    struct item *items;
    struct dec total = DEC_ZERO;
    TRY(count_find_task(call, &t));
    TRY(count_read_items(&call->ctx, &t, &items, &s));
    qsort(items, (size_t)s.total, sizeof *items, by_difference);
    TRY(dec_sub(s.surplus_sum, s.shortage_sum, &total));
    struct json_writer w = reply_data(call, 200, NULL, NULL);
    jw_object(&w);
    write_report_task(&w, &t);
    jw_name(&w, "summary");
    jw_object(&w);
    count_write_summary(&w, &s);
    jw_name(&w, "totalDifference");
    jw_dec(&w, total);
    jw_object_end(&w);
    jw_name(&w, "items");
    jw_array(&w);
    for (int64_t i = 0; i < s.total; i++)
        write_report_item(&w, &items[i]);
    jw_array_end(&w);
    jw_object_end(&w);
    return reply_end(call, &w);
}
