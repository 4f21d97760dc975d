/* Accounts. Passwords stay as they are hashed, and are hashed anew at the next sign-in; refresh tokens are not brought. */
#include <string.h>

#include "base/text.h"
#include "crypto/password.h"
#include "legacy/import.h"

enum { ID, USERNAME, PASSWORD, ROLE, REAL_NAME, EMAIL, AVATAR, CREATED_AT, UPDATED_AT, COLUMNS };
static const char *const columns[COLUMNS] = {"id",    "username", "password",   "role",      "real_name",
                                             "email", "avatar",   "created_at", "updated_at"};
static const struct legacy_table users = {"users", columns, COLUMNS};
static const char *const roles[] = {"system_admin", "inventory_manager", "regular_user", NULL};
#define LEAST_ROLE "regular_user"

static const struct sql USER_INSERT = {
    "legacy.user", "INSERT INTO users (id, username, username_fold, password_hash, role, real_name, email, status, created_at, "
                   "updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"};
static const struct sql NAME_TAKEN = {"legacy.username_taken",
                                      "SELECT COUNT(*) AS n FROM users WHERE username_fold = $1 AND status <> 'closed'"};

static bool name_is_taken(struct legacy_import *im, const char *name)
{
    int64_t n = 0;
    import_fail(im, ctx_number(im->c, &NAME_TAKEN, DB_ARGS(DB_T(text_fold(im->c->arena, name))), &n));
    return n > 0;
}

static const char *username_of(struct old_row *r)
{
    struct legacy_import *im = r->im;
    struct arena *a = im->c->arena;
    const char *old = row_text(r, USERNAME), *name = old;
    if (text_is_blank(old)) {
        name = arena_fmt(a, "user-%lld", (long long)r->id);
        row_replaced(r, USERNAME, WHY_bad_username, name);
    } else {
        name = row_code(r, USERNAME, old);
    }
    const char *first = name;
    for (int i = 2; im->rc == RC_OK && name_is_taken(im, name); i++)
        name = arena_fmt(a, "%s-%d", first, i);
    if (name != first)
        row_replaced(r, USERNAME, WHY_duplicate_username, name);
    return name;
}

static bool is_bcrypt(const char *hash)
{
    return hash && strlen(hash) == 60 && (text_starts(hash, "$2a$") || text_starts(hash, "$2b$") || text_starts(hash, "$2y$"));
}

static const char *password_of(struct old_row *r)
{
    const struct legacy_value *v = &r->values[PASSWORD];
    if (v->kind == LEGACY_TEXT && is_bcrypt(v->text))
        return arena_copy(r->im->c->arena, v->text, v->n);
    row_replaced(r, PASSWORD, WHY_bad_hash, NULL);
    return PASSWORD_OF_NOBODY;
}

static void take_user(struct old_row *r)
{
    struct legacy_import *im = r->im;
    const char *role = row_choice(r, ROLE, roles), *as_was = row_text(r, ROLE);
    total_add(&im->totals, TOTAL_ROLES, role ? role : as_was ? as_was : "NULL", SIDE_OLD, 1, DEC_ZERO);
    if (r->left_out) {
        total_add(&im->totals, TOTAL_ROLES, role ? role : as_was ? as_was : "NULL", SIDE_LEFT_OUT, 1, DEC_ZERO);
        return;
    }
    int64_t created = row_time(r, CREATED_AT, im->now_ms);
    const char *username = username_of(r);
    if (!role) {
        row_replaced(r, ROLE, WHY_bad_choice, LEAST_ROLE);
        total_add(&im->totals, TOTAL_ROLES, as_was ? as_was : "NULL", SIDE_AWAY, 1, DEC_ZERO);
        total_add(&im->totals, TOTAL_ROLES, LEAST_ROLE, SIDE_HERE, 1, DEC_ZERO);
        role = LEAST_ROLE;
    }
    import_exec(im, &USER_INSERT,
                DB_ARGS(DB_I(r->id), DB_T(username), DB_T(text_fold(im->c->arena, username)), DB_T(password_of(r)), DB_T(role),
                        DB_T(row_name(r, REAL_NAME)), DB_T(row_name(r, EMAIL)), DB_T("active"), DB_I(created),
                        DB_I(row_time(r, UPDATED_AT, created))));
    id_put(&im->people, r->id, 1);
    im->last_user_id = r->id > im->last_user_id ? r->id : im->last_user_id;
    im->result->users++;
    if (!row_is_null(r, AVATAR))
        import_picture(r, AVATAR);
}

enum rc import_people(struct legacy_import *im)
{
    return rows_read(im, &users, take_user);
}

void import_closed_account(struct legacy_import *im, int64_t id, const char *username, int64_t at_ms)
{
    id_put(&im->people, id, 0);
    im->last_user_id = id > im->last_user_id ? id : im->last_user_id;
    total_add(&im->totals, TOTAL_TABLES, "users", SIDE_MADE, 1, DEC_ZERO);
    import_exec(im, &USER_INSERT,
                DB_ARGS(DB_I(id), DB_T(username), DB_T(text_fold(im->c->arena, username)), DB_T(PASSWORD_OF_NOBODY), DB_T(LEAST_ROLE), DB_N,
                        DB_N, DB_T("closed"), DB_I(at_ms), DB_I(at_ms)));
}
