/* The first answer to a request with an Idempotency-Key, kept for seven days in the same transaction as what it answers.
 * Table: idempotency. Only successes are kept: a refused request has changed nothing and may be tried again. */
#ifndef MMS_DOMAIN_IDEMPOTENCY_H
#define MMS_DOMAIN_IDEMPOTENCY_H

#include "domain/route.h"

#define IDEMPOTENCY_KEEP_MS (INT64_C(7) * 24 * 3600 * 1000)
#define IDEMPOTENCY_KEY_MAX 100

/* 1 to 100 visible ASCII characters. */
bool idempotency_key_is_good(const char *key);

/* *replayed: the kept answer has been written and the handler must not run. RC_IDEMPOTENCY_REUSED for another request. */
MUST_CHECK enum rc idempotency_replay(struct call *call, bool *replayed);
MUST_CHECK enum rc idempotency_keep(struct call *call);

#endif
