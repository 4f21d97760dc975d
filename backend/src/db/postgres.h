/* The PostgreSQL connection, shared by postgres.c and postgres_open.c and seen by nobody else. */
#ifndef MMS_DB_POSTGRES_H
#define MMS_DB_POSTGRES_H

#include <libpq-fe.h>

#include "db/driver.h"

struct postgres_conn {
    struct conn base;
    PGconn *pg;
    unsigned prepared; /* how many statements have been given a name */
    int64_t changes;
    char error[512]; /* of the last failure */
    bool is_reading; /* a READ ONLY transaction has begun */
};

/* Keeps the server's text, with `what` (a statement's name) before it, and returns our code. The result is not freed. */
enum rc postgres_fail(struct postgres_conn *c, const char *what, const PGresult *result);
extern const struct engine postgres_engine;

#endif
