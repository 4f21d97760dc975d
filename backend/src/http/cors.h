/* Which pages of other origins may call (Fetch standard). */
#ifndef MMS_HTTP_CORS_H
#define MMS_HTTP_CORS_H

enum cors { CORS_REFUSED, CORS_ANY, CORS_LISTED };

/* `origin`: the request's header, NULL when absent. CORS_ANY: only through "*", so never with
 * credentials. */
enum cors cors_check(const char *const *origins, const char *origin);

#define CORS_HEADERS                                                                               \
    "Authorization, Content-Type, Accept, Accept-Language, If-Match, Idempotency-Key, "            \
    "X-Request-Id, Last-Event-ID"
#define CORS_EXPOSED                                                                               \
    "Content-Disposition, X-Request-Id, ETag, Retry-After, RateLimit-Limit, "                      \
    "RateLimit-Remaining, RateLimit-Reset"
#define CORS_MAX_AGE_S "600"

#endif
