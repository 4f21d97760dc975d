/* A person's picture: at most 512 pixels, encoded anew, under a name that cannot be guessed; the old one is removed. */
#ifndef MMS_DOMAIN_AVATAR_H
#define MMS_DOMAIN_AVATAR_H

#include "domain/route.h"

#define AVATAR_EDGE 512 /* pixels */

extern const struct module avatar_module;

#endif
