/* Roles and what they may do: the one table is in permission.c. */
#ifndef MMS_DOMAIN_PERMISSION_H
#define MMS_DOMAIN_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum role { ROLE_NONE, ROLE_SYSTEM_ADMIN, ROLE_INVENTORY_MANAGER, ROLE_REGULAR_USER };

enum permission {
    PERM_OPEN = 1,          /* anybody, signed in or not */
    PERM_SIGNED_IN,         /* anybody signed in, even while the password must be changed */
    PERM_MATERIAL_READ,
    PERM_MATERIAL_WRITE,
    PERM_MATERIAL_DELETE,
    PERM_LOCATION_WRITE,
    PERM_DOCUMENT_READ,     /* one's own documents */
    PERM_DOCUMENT_READ_ALL,
    PERM_DOCUMENT_CREATE,
    PERM_DOCUMENT_APPROVE,
    PERM_USER_MANAGE,
    PERM_SETTING_WRITE,
    PERM_LOG_READ,
    PERM_DASHBOARD_READ,
    PERM_COUNT_READ,
    PERM_COUNT_WRITE,
    PERM_NOTIFICATION_READ,
    PERM_NOTIFICATION_SEND,
    PERM_DATABASE_READ,
    PERM_PROFILE_WRITE,
    PERM_REPORT_READ,
    PERM_MATERIAL_EXPORT,
    PERM_COUNT
};

/* Bit p: permission p. */
typedef uint64_t permission_set;
_Static_assert(PERM_COUNT <= 64, "a permission_set has a bit for each");
#define PERMISSION_SET_MAX 1000 /* a text of all names, with a blank between them */

const char *role_name(enum role role);                       /* "system_admin"; "" for ROLE_NONE */
bool role_find(const char *name, enum role *out);
extern const char *const role_names[];                       /* NULL-ended */

const char *permission_name(enum permission p);              /* "material.write" */
const char *permission_title(enum permission p, bool english);
bool permission_find(const char *name, enum permission *out);
bool role_has(enum role role, enum permission p);
permission_set role_permissions(enum role role);
static inline bool set_permits(permission_set set, enum permission p)
{
    return (set >> p) & 1U;
}

#endif
