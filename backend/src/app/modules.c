/* The list of modules: adding a resource is one line here. */
#include "app/app.h"
#include "app/metrics.h"
#include "domain/analysis.h"
#include "domain/assessment_measure.h"
#include "domain/avatar.h"
#include "domain/backup.h"
#include "domain/dashboard.h"
#include "domain/database_admin.h"
#include "domain/document.h"
#include "domain/document_lines.h"
#include "domain/draft.h"
#include "domain/export_job.h"
#include "domain/import.h"
#include "domain/import_template.h"
#include "domain/job.h"
#include "domain/ledger.h"
#include "domain/list_sums.h"
#include "domain/location.h"
#include "domain/material.h"
#include "domain/material_bulk.h"
#include "domain/material_export.h"
#include "domain/notification.h"
#include "domain/operation_log.h"
#include "domain/preference.h"
#include "domain/profile.h"
#include "domain/report.h"
#include "domain/saved_view.h"
#include "domain/search.h"
#include "domain/service_token.h"
#include "domain/session.h"
#include "domain/setting.h"
#include "domain/stocktaking.h"
#include "domain/unit.h"
#include "domain/user.h"

const struct module *const modules[] = {
    &session_module,
    &user_module,
    &profile_module,
    &service_token_module,
    &preference_module,
    &saved_view_module,
    &avatar_module,
    &material_module,
    &list_sums_module,
    &material_bulk_module,
    &ledger_module,
    &unit_module,
    &location_module,
    &document_module,
    &document_line_module,
    &draft_module,
    &setting_module,
    &stocktaking_module,
    &dashboard_module,
    &report_module,
    &analysis_lots_module,
    &analysis_use_module,
    &analysis_abc_module,
    &analysis_documents_module,
    &notification_module,
    &operation_log_module,
    &search_module,
    &material_export_module,
    &export_job_module,
    &database_admin_module,
    &backup_module,
    &job_module,
    &import_module,
    &import_template_module,
    &assessment_module,
    &health_module,
    &metrics_module,
    &metrics_api_module,
    &openapi_module,
    &api_docs_module,
};
const size_t module_count = sizeof modules / sizeof *modules;

const struct job_kind *const job_kinds[] = {&import_check_job, &import_commit_job, &import_undo_job, &export_job, &assessment_measure_job};
const size_t job_kind_count = sizeof job_kinds / sizeof *job_kinds;
