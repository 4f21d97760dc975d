#include "domain/words.h"

#include <stddef.h>
#include <string.h>

const struct word category_words[] = {{"chemical", "化学物料", "Chemical"}, {"metal", "金属物料", "Metal"}, {0}};
const struct word material_status_words[] = {{"active", "在用", "Active"}, {"retired", "已停用", "Retired"}, {0}};
const struct word document_type_words[] = {{"in", "入库", "Receipt"}, {"out", "出库", "Issue"}, {0}};
const struct word document_status_words[] = {{"pending", "待审批", "Pending"},
                                             {"approved", "已批准", "Approved"},
                                             {"rejected", "已拒绝", "Rejected"},
                                             {"cancelled", "已取消", "Cancelled"},
                                             {0}};
const struct word purpose_words[] = {{"purchase", "采购", "purchase"}, {"opening", "期初", "opening"},     {"count", "盘点", "count"},
                                     {"return", "退料", "return"},     {"production", "领用", "production"}, {"scrap", "报废", "scrap"},
                                     {"reversal", "冲销", "reversal"}, {0}};
const struct word role_words[] = {{"system_admin", "系统管理员", "Administrator"},
                                  {"inventory_manager", "库存管理员", "Stock manager"},
                                  {"regular_user", "普通人员", "Staff"},
                                  {0}};
const struct word user_status_words[] = {{"active", "启用", "Active"}, {"disabled", "已停用", "Disabled"}, {0}};
const struct word task_stage_words[] = {{"draft", "草稿", "Draft"},
                                        {"counting", "盘点中", "Counting"},
                                        {"review", "复核中", "In review"},
                                        {"completed", "已完成", "Completed"},
                                        {"cancelled", "已取消", "Cancelled"},
                                        {0}};
const struct word task_scope_words[] = {{"selection", "指定物料", "Chosen materials"},
                                        {"category", "按类别", "A category"},
                                        {"location", "按库位", "A place"},
                                        {"all", "全部物料", "All materials"},
                                        {0}};
const struct word difference_words[] = {{"surplus", "盘盈", "Surplus"}, {"shortage", "盘亏", "Shortage"}, {"normal", "相符", "None"}, {0}};
const struct word notification_type_words[] = {{"system", "系统", "System"}, {"todo", "待办", "To do"}, {"announcement", "公告", "Announcement"}, {0}};
const struct word module_words[] = {{"auth", "登录", "Sign-in"},
                                    {"materials", "物料", "Materials"},
                                    {"inventory", "出入库", "Receipts, issues"},
                                    {"stocktaking", "盘点", "Counting"},
                                    {"users", "用户", "Users"},
                                    {"settings", "设置", "Settings"},
                                    {"notifications", "通知", "Notifications"},
                                    {"profile", "个人中心", "Profile"},
                                    {"views", "视图", "Views"},
                                    {"imports", "导入", "Imports"},
                                    {"operation-logs", "操作日志", "Operation log"},
                                    {"admin_data_management", "数据库管理", "Database"},
                                    {0}};
const struct word flag_words[] = {{"1", "是", "Yes"}, {"0", "否", "No"}, {0}};

const char *word_for(const struct word *words, const char *code, bool english)
{
    for (const struct word *w = words; w->code; w++)
        if (strcmp(w->code, code) == 0)
            return english ? w->en : w->zh;
    return code;
}
