#include "http/cors.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum cors cors_check(const char *const *origins, const char *origin)
{
    enum cors found = CORS_REFUSED;

    if (!origin || !origins)
        return CORS_REFUSED;
    for (; *origins; origins++) {
        if (!strcasecmp(*origins, origin))
            return CORS_LISTED;
        if (!strcmp(*origins, "*"))
            found = CORS_ANY;
    }
    return found;
}
