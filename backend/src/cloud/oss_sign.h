/* The signature of the object storage (OSS), version 4: OSS4-HMAC-SHA256. Pure functions over an arena; what time it is, the caller says.
 * Source: "Include V4 signatures in the Authorization header" and "V4 signed URLs" of Alibaba Cloud; backend/tests/cloud/vectors. */
#ifndef MMS_CLOUD_OSS_SIGN_H
#define MMS_CLOUD_OSS_SIGN_H

#include "base/error.h"
#include "cloud/sign.h"

#define OSS_PRESIGN_MAX_S 604800 /* the longest that an address may be good for, in seconds; a token may end earlier */

struct oss_request {
    const char *method;
    const char *region;              /* "cn-hangzhou", without "oss-" */
    const char *product;             /* NULL: "oss" */
    const char *bucket;              /* NULL: the service itself */
    const char *key;                 /* UTF-8, not encoded, without a slash in front; NULL: the bucket itself */
    const struct sign_pair *query;   /* not encoded; a value that is NULL or "" is a name alone (a sub-resource) */
    size_t query_n;
    const struct sign_pair *headers; /* all that will be sent; content-type, content-md5 and x-oss-* are signed */
    size_t headers_n;
    const char *const *additional;   /* names of others of `headers` that are signed as well; ends with NULL; may be NULL */
    int64_t at_ms;
};

struct oss_signed {
    const char *canonical_request, *string_to_sign;
    const char *signature;           /* 64 lower-case hexadecimal digits */
    const char *target;              /* what stands behind the host: "/KEY?query", encoded. The bucket is in the host */
    const char *authorization;       /* value of the header; NULL when presigned */
    const char *const *headers;      /* lines to send, the authorization among them; NULL-ended. Presigned: those of the request */
};

/* Adds x-oss-date, x-oss-content-sha256 (UNSIGNED-PAYLOAD, the only one that is taken) and x-oss-security-token, unless the request
 * has them. False: a header has control characters, or the key is empty, longer than 1,023 bytes,
 * or in no bucket. */
MUST_CHECK bool oss_sign(struct arena *a, const struct cloud_key *key, const struct oss_request *r, struct oss_signed *out);
/* The same as an address that anybody can use for `expires_s` seconds (1 – OSS_PRESIGN_MAX_S, else false). */
MUST_CHECK bool oss_presign(struct arena *a, const struct cloud_key *key, const struct oss_request *r, int64_t expires_s,
                            struct oss_signed *out);

#endif
