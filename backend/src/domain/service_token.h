/* Service tokens: for scripts and devices, each for one person, within named scopes and until its day. Table: service_tokens.
 *
 * A token is "mms_" and 43 characters; it is shown once, and only its SHA-256 is kept. A scope is the name of a permission
 * ("document.read"); a token may do what its scopes name and its owner's role still permits, and nothing of the owner's own
 * account (PERM_SIGNED_IN): no password, no sessions, no further tokens. It ends with its day, when it is revoked, and while
 * its owner's account is disabled or closed. */
#ifndef MMS_DOMAIN_SERVICE_TOKEN_H
#define MMS_DOMAIN_SERVICE_TOKEN_H

#include "domain/ctx.h"
#include "domain/route.h"

#define SERVICE_TOKENS_MAX 50         /* of one person, not revoked */
#define SERVICE_TOKEN_DAYS_MAX 366
#define SERVICE_TOKEN_DAYS_PRESET 90
#define SERVICE_TOKEN_NOTED_MS (INT64_C(3600) * 1000) /* how exactly last_used_at is kept */

bool service_token_is_one(const char *token);
/* Fills c->actor. RC_TOKEN_INVALID. */
MUST_CHECK enum rc service_token_authenticate(struct ctx *c, const char *token);
/* The same for an actor who was let in by a token a while ago. */
MUST_CHECK enum rc service_token_check_again(struct ctx *c);
/* Notes that a token was used, when actor.use_is_unnoted says so. Does not wait. */
void service_token_note_use(struct db_writer *w, const struct actor *actor);

extern const struct module service_token_module;

#endif
