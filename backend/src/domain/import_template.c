#include "domain/import_template.h"

#include <string.h>

#include "base/text.h"
#include "domain/import_rows.h"
#include "domain/list_export.h"

#define WIDTH_MIN 10 /* characters */

/* "*" before what is needed: the upload takes heads with it and without. */
static const char *head_of(struct ctx *c, const struct import_field *f, bool english)
{
    return arena_fmt(c->arena, "%s%s", f->needed ? "*" : "", english ? f->title_en : f->title);
}

static enum rc write_head(struct ctx *c, const struct import_kind *kind, const struct export_order *order, struct table_file *out)
{
    struct table_column *columns = arena_array(c->arena, kind->field_count, sizeof *columns);
    struct table *t;
    for (size_t i = 0; i < kind->field_count; i++) {
        const char *head = head_of(c, &kind->fields[i], order->english);
        int width = 2 * (int)text_chars(head) + 2;
        columns[i] = (struct table_column){head, width < WIDTH_MIN ? WIDTH_MIN : width, kind->fields[i].value != IMPORT_NUMBER};
    }
    TRY(export_begin(c, order->format, order->english ? kind->title_en : kind->title, columns, kind->field_count, &t));
    return export_end(t, RC_OK, out);
}

static enum rc get_template(struct call *call)
{
    struct ctx *c = &call->ctx;
    const struct import_kind *kind = import_kind_of(http_param(call->http, "kind"));
    const struct list_source source = list_source_of(call);
    const struct export_order order = export_order_of(&source, NULL);
    struct table_file file;
    if (!kind)
        return error_set(&c->err, RC_NOT_FOUND);
    TRY(c->err.rc);
    TRY(write_head(c, kind, &order, &file));
    call->http->response.status = 200;
    call->http->response.content_type = order.format == EXPORT_CSV ? CSV_TYPE : EXCEL_TYPE;
    http_set_header(call->http, "Content-Disposition",
                    arena_fmt(c->arena, "attachment; filename=%s-template.%s", kind->name, export_formats[order.format]));
    http_send_file(call->http, file.fd, file.bytes);
    return RC_OK;
}

static const struct list_filter template_query[] = {
    {"format", FILTER_CHOICE, .choices = export_formats}, {"lang", FILTER_CHOICE, .choices = export_languages}, {0}};

static const struct route import_template_routes[] = {
    ROUTE("GET", "/api/imports/template/:kind", LANE_SLOW, PERM_DOCUMENT_CREATE, NULL, get_template, "导入模板", .bare = true,
          .media = EXCEL_TYPE, .query = template_query, .refusals = REFUSALS(RC_NOT_FOUND, EXPORT_REFUSALS)),
};
const struct module import_template_module = MODULE("import_templates", "导入模板", import_template_routes);
