/* A person's picture: at most 512 pixels, encoded anew, under a name that cannot be guessed; the old one is removed. */
#ifndef MMS_DOMAIN_AVATAR_H
#define MMS_DOMAIN_AVATAR_H

#include "domain/route.h"

#define AVATAR_EDGE 512 /* pixels */

struct files;

/* Removes pictures that no account names: what a sudden end has left. For the start. */
MUST_CHECK enum rc avatar_sweep(struct ctx *c);

extern const struct module avatar_module;

#endif
