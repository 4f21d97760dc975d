#include "domain/permission.h"

#include <string.h>

#define A (1U << ROLE_SYSTEM_ADMIN)
#define M (1U << ROLE_INVENTORY_MANAGER)
#define U (1U << ROLE_REGULAR_USER)

const char *const role_names[] = {"system_admin", "inventory_manager", "regular_user", NULL};

static const struct {
    const char *name, *zh, *en;
    unsigned roles;
} permissions[PERM_COUNT] = {
    [PERM_OPEN] = {"open", "公开", "open to anybody", A | M | U | (1U << ROLE_NONE)},
    [PERM_SIGNED_IN] = {"signed_in", "已登录", "signed in", A | M | U},
    [PERM_MATERIAL_READ] = {"material.read", "查看物料", "see materials", A | M | U},
    [PERM_MATERIAL_WRITE] = {"material.write", "维护物料", "maintain materials", A | M},
    [PERM_MATERIAL_DELETE] = {"material.delete", "删除物料", "delete materials", A},
    [PERM_MATERIAL_EXPORT] = {"material.export", "导出物料", "export materials", A | M},
    [PERM_LOCATION_WRITE] = {"location.write", "维护库位", "maintain locations", A | M},
    [PERM_DOCUMENT_READ] = {"document.read", "查看本人出入库单", "see one's own documents", A | M | U},
    [PERM_DOCUMENT_READ_ALL] = {"document.read_all", "查看全部出入库单", "see all documents", A | M},
    [PERM_DOCUMENT_CREATE] = {"document.create", "提交出入库单", "submit documents", A | M | U},
    [PERM_DOCUMENT_APPROVE] = {"document.approve", "审批出入库单", "approve documents", A | M},
    [PERM_USER_MANAGE] = {"user.manage", "管理用户", "manage users", A},
    [PERM_SETTING_WRITE] = {"setting.write", "修改公司设置", "change the company's settings", A},
    [PERM_LOG_READ] = {"log.read", "查看操作日志", "see the operation log", A},
    [PERM_DASHBOARD_READ] = {"dashboard.read", "查看概览", "see the dashboard", A | M | U},
    [PERM_COUNT_READ] = {"count.read", "查看盘点", "see count tasks", A | M | U},
    [PERM_COUNT_WRITE] = {"count.write", "盘点", "count stocks", A | M},
    [PERM_NOTIFICATION_READ] = {"notification.read", "查看通知", "see notifications", A | M | U},
    [PERM_NOTIFICATION_SEND] = {"notification.send", "发送通知", "send notifications", A},
    [PERM_PROFILE_WRITE] = {"profile.write", "维护本人头像", "change one's own picture", A | M | U},
    [PERM_REPORT_READ] = {"report.read", "查看报表", "see reports", A | M | U},
    [PERM_DATABASE_READ] = {"database.read", "查看和导出数据库", "look into the database and export it", A},
};

const char *role_name(enum role role)
{
    return role == ROLE_NONE ? "" : role_names[role - 1];
}

bool role_find(const char *name, enum role *out)
{
    for (int i = 0; role_names[i]; i++)
        if (name && strcmp(role_names[i], name) == 0) {
            *out = (enum role)(i + 1);
            return true;
        }
    return false;
}

const char *permission_name(enum permission p)
{
    return permissions[p].name;
}

const char *permission_title(enum permission p, bool english)
{
    return english ? permissions[p].en : permissions[p].zh;
}

bool permission_find(const char *name, enum permission *out)
{
    for (int p = PERM_OPEN; p < PERM_COUNT; p++)
        if (strcmp(permissions[p].name, name) == 0) {
            *out = (enum permission)p;
            return true;
        }
    return false;
}

permission_set role_permissions(enum role role)
{
    permission_set set = 0;
    for (int p = PERM_OPEN; p < PERM_COUNT; p++)
        if (role_has(role, (enum permission)p))
            set |= UINT64_C(1) << p;
    return set;
}

bool role_has(enum role role, enum permission p)
{
    return (permissions[p].roles >> role) & 1U;
}
