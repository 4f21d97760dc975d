/* Signing in and staying signed in. Tables: sessions, refresh_tokens (and login_failures through throttle.h).
 *
 * A session is one device. Each request's access token names its session, which is read every time: an ended session, a
 * disabled account or a changed password cut off at once. Refresh tokens rotate; the rules are at refresh_with(). */
#ifndef MMS_DOMAIN_SESSION_H
#define MMS_DOMAIN_SESSION_H

#include "domain/ctx.h"
#include "domain/route.h"

#define SESSION_IDLE_MS (INT64_C(30) * 24 * 3600 * 1000) /* a session nobody refreshes ends after this */

/* Fills c->actor from an access token or a service token ("Bearer …" header value; NULL: none). RC_TOKEN_MISSING,
 * RC_TOKEN_INVALID. */
MUST_CHECK enum rc session_authenticate(struct ctx *c, const char *authorization);
/* What the token alone says of whom it names, without the database: *user_id, 0 for a service token. RC_TOKEN_MISSING,
 * RC_TOKEN_INVALID: it is none; that it is one does not mean that he is let in. */
MUST_CHECK enum rc session_look_at(struct ctx *c, const char *authorization, int64_t *user_id);
/* The same for an actor who was let in a while ago, by his session or service token. RC_TOKEN_INVALID: not any more. */
MUST_CHECK enum rc session_check_again(struct ctx *c);

/* Ends the user's sessions, all but `keep` (0: none is kept). Reason: password, disabled. */
MUST_CHECK enum rc session_end_all(struct ctx *c, int64_t user_id, int64_t keep, const char *reason);

/* Ends one session of the actor himself. *ended: false when he has no such session. */
MUST_CHECK enum rc session_end_own(struct ctx *c, int64_t id, bool *ended);

extern const struct module session_module;

#endif
