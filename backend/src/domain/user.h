/* People: accounts with one of three roles. Table: users. Accounts are closed, never deleted: history names them. */
#ifndef MMS_DOMAIN_USER_H
#define MMS_DOMAIN_USER_H

#include "domain/ctx.h"
#include "domain/route.h"

#define PASSWORD_CHARS_MIN 8
#define PASSWORD_CHARS_MAX 128

struct user {
    struct record record;
    int64_t id;
    const char *username, *password, *role, *real_name, *email, *avatar, *status, *password_hash;
    int64_t must_change_password;
    int64_t created_at, updated_at;
};

extern const struct record_type user_type;

/* An account of that name or id that is not closed. */
MUST_CHECK enum rc user_by_name(struct ctx *c, const char *username, struct user *out, bool *found);
MUST_CHECK enum rc user_by_id(struct ctx *c, int64_t id, struct user *out, bool *found);

/* Adds an account; u->password_hash is set already, u->password is not looked at. *id: the new one. */
MUST_CHECK enum rc user_add(struct ctx *c, const struct user *u, int64_t *id);
/* A new password (as its hash): every session of the user but `keep_session` ends. */
MUST_CHECK enum rc user_set_password(struct ctx *c, int64_t id, const char *password_hash, bool must_change,
                                     int64_t keep_session);
/* The name and address that people see; NULL: none. */
MUST_CHECK enum rc user_set_contact(struct ctx *c, int64_t id, const char *real_name, const char *email);
/* active or disabled; a disabled one is cut off at once. RC_LAST_ADMINISTRATOR when nobody could administrate any more. */
MUST_CHECK enum rc user_set_status(struct ctx *c, const struct user *u, const char *status);

/* Fills c->actor with the person of a row (user_id, username, real_name, role, must_change_password); what he may do is the
 * caller's to say. False: his role is none. */
bool user_as_actor(struct ctx *c, struct db_rows *rows);

MUST_CHECK enum rc user_count(struct ctx *c, int64_t *count);

bool user_is_email(const char *text);

/* What a password must be; faults go to c->err under `field`. */
void user_check_password(struct ctx *c, const char *field, const char *password);

/* The permissions of a role as a JSON array. */
void user_write_permissions(struct json_writer *w, enum role role);

extern const struct module user_module;

#endif
