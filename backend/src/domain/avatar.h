/* A person's picture: at most 512 pixels, encoded anew, under a name that cannot be guessed; the old one is removed. */
#ifndef MMS_DOMAIN_AVATAR_H
#define MMS_DOMAIN_AVATAR_H

#include "domain/route.h"

#define AVATAR_EDGE 512 /* pixels */

#define AVATAR_FOLDER "avatars"
#define AVATAR_LEFT_MS (INT64_C(3600) * 1000) /* younger ones may belong to a change that is on its way */

struct files_names;

/* Of these pictures, those that no account names stay in the list: what a sudden end has left. */
MUST_CHECK enum rc avatar_keep_unnamed(struct ctx *c, struct files_names *names);

extern const struct module avatar_module;

#endif
