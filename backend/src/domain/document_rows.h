/* The row of a document as clients read it; shared by the files of this module. */
#ifndef MMS_DOMAIN_DOCUMENT_ROWS_H
#define MMS_DOMAIN_DOCUMENT_ROWS_H

#include "domain/document.h"
#include "domain/list.h"

struct document {
    struct record record;
    int64_t id, material_id, applicant_id, approver_id, reverses_id, reversed_by_id, line_count, unit_decimals;
    const char *transaction_code, *transaction_type, *purpose, *status, *remark, *approval_remark;
    const char *material_code, *material_name, *category, *unit, *applicant_name, *approver_name;
    struct dec quantity, unit_price, total_amount;
    int64_t created_at, updated_at, approved_at;
};

extern const struct record_type document_type;
extern const struct list_spec document_list; /* over documents d */
/* What documents d are filtered by, whatever stands beside them. */
#define DOCUMENT_STATE_FILTERS                                                                                         \
    {"status", FILTER_CHOICE, "d.status = ?", document_statuses},                                                      \
        {"transactionType", FILTER_CHOICE, "d.kind = CASE ? WHEN 'in' THEN 'receipt' ELSE 'issue' END", document_types}, \
        {"applicantId", FILTER_ID, "d.applicant_id = ?"}, {"purpose", FILTER_CHOICE, "d.purpose = ?", document_purposes},   \
        {"startDate", FILTER_SINCE, "d.created_at >= ?"}, {"endDate", FILTER_UNTIL, "d.created_at < ?"},                \
    {                                                                                                                  \
        "person", FILTER_PART,                                                                                         \
            "EXISTS (SELECT 1 FROM users xu WHERE xu.id IN (d.applicant_id, d.approver_id) AND (LOWER(xu.username) LIKE "   \
            "LOWER(?) ESCAPE '\\' OR LOWER(COALESCE(xu.real_name, '')) LIKE LOWER(?) ESCAPE '\\'))", .topics = TOPIC_USERS \
    }
extern const char *const document_types[], *const document_statuses[], *const document_purposes[]; /* NULL-ended */
/* Scopes of it: one's own; all that one may see. */
MUST_CHECK enum rc document_scope_own(struct ctx *c, int64_t id, struct list_scope *out);
MUST_CHECK enum rc document_scope_seen(struct ctx *c, int64_t id, struct list_scope *out);

/* RC_DOCUMENT_NOT_FOUND when there is none. */
MUST_CHECK enum rc document_get(struct ctx *c, int64_t id, struct document *out);

/* Approves and posts a document of counted differences. */
MUST_CHECK enum rc document_post_counted(struct ctx *c, int64_t id);

/* The header of a pending document of `lines` lines that undoes `d`. */
MUST_CHECK enum rc document_add_reversal(struct ctx *c, const struct document *d, int64_t lines, const char *remark, int64_t *id,
                                         const char **number);

#endif
