/* The signature of Alibaba Cloud's OpenAPI, version 3: ACS3-HMAC-SHA256 (KMS, STS and most others). Pure functions over an arena.
 * Source: "V3 request syntax and signature" of Alibaba Cloud; backend/tests/cloud/vectors. */
#ifndef MMS_CLOUD_ACS_SIGN_H
#define MMS_CLOUD_ACS_SIGN_H

#include "base/error.h"
#include "cloud/sign.h"

struct acs_request {
    const char *method;
    const char *host;                /* as it goes out: a port that is not the scheme's own belongs to it */
    const char *path;                /* not encoded; NULL: "/" */
    const char *action, *version;    /* "GetSecretValue", "2016-01-20" */
    const char *nonce;               /* another one for each attempt */
    const struct sign_pair *query;   /* not encoded */
    size_t query_n;
    const struct sign_pair *headers; /* others; host, content-type and x-acs-* are signed */
    size_t headers_n;
    const void *body;                /* NULL: none */
    size_t body_n;
    int64_t at_ms;
};

struct acs_signed {
    const char *canonical_request, *string_to_sign;
    const char *signature;           /* 64 lower-case hexadecimal digits */
    const char *target;              /* what stands behind the host, encoded */
    const char *authorization;       /* value of the header */
    const char *const *headers;      /* lines to send, the authorization among them; NULL-ended */
};

/* Adds host, x-acs-action, -version, -date, -signature-nonce, -content-sha256 and -security-token, unless `headers` have them.
 * False: a header has control characters. */
MUST_CHECK bool acs_sign(struct arena *a, const struct cloud_key *key, const struct acs_request *r, struct acs_signed *out);

#endif
