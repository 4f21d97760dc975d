/* Documents line by line, as a file: what an import of receipts or issues takes back (its heads are import_columns.c's). */
#include "domain/document_lines.h"

#include "domain/document_rows.h"
#include "domain/list_export.h"

/* The lines of the documents that the same filters choose; those that name a material choose its lines alone. */
static const struct list_spec line_list = {
    .columns = "l.id, d.number AS transaction_code, CASE d.kind WHEN 'receipt' THEN 'in' ELSE 'out' END AS transaction_type, d.purpose, "
               "d.status, l.line_no, m.material_code, m.material_name, m.category, l.quantity, un.code AS unit, l.unit_price, l.amount, "
               "lo.lot_no, lo.expires_day, lc.code AS place, l.remark, COALESCE(ua.real_name, ua.username) AS applicant_name, "
               "d.created_at, COALESCE(up.real_name, up.username) AS approver_name, d.approved_at, d.remark AS document_remark",
    .from = "document_lines l JOIN documents d ON d.id = l.document_id JOIN materials m ON m.id = l.material_id JOIN units un ON "
            "un.id = m.unit_id JOIN users ua ON ua.id = d.applicant_id LEFT JOIN users up ON up.id = d.approver_id LEFT JOIN lots lo "
            "ON lo.id = l.lot_id LEFT JOIN locations lc ON lc.id = l.location_id",
    .count_from = "documents d JOIN document_lines l ON l.document_id = d.id JOIN materials m ON m.id = l.material_id",
    .id = "l.id",
    .whole = "d.id",
    .within = "l.line_no",
    .sorts = {{"created_at", "d.created_at", false}, {"transaction_code", "d.number", true}},
    .filters = {DOCUMENT_STATE_FILTERS,
                {"materialId", FILTER_ID, "l.material_id = ?"},
                {"keyword", FILTER_LIKE,
                 "(LOWER(d.number) LIKE ? ESCAPE '\\' OR m.code_fold LIKE ? ESCAPE '\\' OR m.name_fold LIKE ? ESCAPE '\\')"}},
};

static const struct list_export line_export = {
    .name = "document-lines", .zh = "出入库单明细", .en = "Lines of documents", .module = "inventory", .resource_type = "transaction",
    .scope = document_scope_seen,
    .columns = EXPORT_COLUMNS({"transaction_code", EXPORT_CODE, "单号", "Number", 20},
                              {"transaction_type", EXPORT_WORD, "类型", "Kind", 10, document_type_words},
                              {"purpose", EXPORT_WORD, "用途", "Purpose", 12, purpose_words},
                              {"status", EXPORT_WORD, "状态", "Status", 10, document_status_words},
                              {"line_no", EXPORT_WHOLE, "行号", "Line", 8},
                              {"material_code", EXPORT_CODE, "物料编码", "Material code", 18},
                              {"material_name", EXPORT_TEXT, "物料名称", "Material", 30},
                              {"category", EXPORT_WORD, "类别", "Category", 12, category_words},
                              {"quantity", EXPORT_DEC, "数量", "Quantity", 14},
                              {"unit", EXPORT_TEXT, "单位", "Unit", 8},
                              {"unit_price", EXPORT_DEC, "单价", "Unit price", 14},
                              {"amount", EXPORT_DEC, "金额", "Amount", 14},
                              {"lot_no", EXPORT_CODE, "批号", "Lot number", 18},
                              {"expires_day", EXPORT_DAY_NUMBER, "有效期至", "Expires on", 12},
                              {"place", EXPORT_CODE, "库位", "Place", 14},
                              {"remark", EXPORT_TEXT, "备注", "Remark", 40},
                              {"applicant_name", EXPORT_TEXT, "申请人", "Applied by", 14},
                              {"created_at", EXPORT_TIME, "申请时间", "Applied at", 20},
                              {"approver_name", EXPORT_TEXT, "审批人", "Decided by", 14},
                              {"approved_at", EXPORT_TIME, "批准时间", "Approved at", 20},
                              {"document_remark", EXPORT_TEXT, "单据备注", "Remark of the document", 40})};

static const struct route document_line_routes[] = {
    LIST_EXPORT("/inventory/lines", PERM_DOCUMENT_READ, "导出出入库单明细", &line_list, &line_export, EXPORT_REFUSALS),
};
const struct module document_line_module = MODULE("document_lines", "出入库单明细", document_line_routes);
