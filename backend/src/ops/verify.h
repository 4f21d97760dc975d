/* The proofs of `mms verify`, for commands that want them of a database of theirs. */
#ifndef MMS_OPS_VERIFY_H
#define MMS_OPS_VERIFY_H

#include "ops/tool.h"

struct verify {
    bool quiet;    /* only what fails is printed */
    bool silent;   /* nothing is */
    bool failed;   /* a proof did, and was printed with the rows that break it */
    const char *what; /* the last that was made */
    size_t proofs; /* how many were made; none is made after one that failed */
};

/* For tool_read; arg: struct verify. */
MUST_CHECK enum rc verify_all(struct ctx *c, void *arg);

#endif
