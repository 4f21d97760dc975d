/* The OpenAPI 3.1 document, made from the route table, the field tables, the list_specs and errors.def.
 * openapi.c: the document, its paths and operations. openapi_schema.c: schemas. openapi_example.c: examples.
 * openapi_failure.c: errors. */
#ifndef MMS_APP_OPENAPI_H
#define MMS_APP_OPENAPI_H

#include "base/arena.h"
#include "domain/route.h"

/* The n-th route of all modules, and its module (may be NULL); NULL after the last. */
const struct route *openapi_route(size_t n, const struct module **module);
bool openapi_is_write(const struct route *r);
/* An Idempotency-Key is minded. */
bool openapi_is_keyed(const struct route *r);

/* "name": … */
void oa_text(struct json_writer *w, const char *name, const char *text);
void oa_int(struct json_writer *w, const char *name, int64_t n);
void oa_bool(struct json_writer *w, const char *name, bool b);
void oa_object(struct json_writer *w, const char *name);
void oa_array(struct json_writer *w, const char *name);
void oa_texts(struct json_writer *w, const char *name, const char *const *texts); /* NULL-ended */
/* "type": "string", or ["string", "null"]. */
void oa_type(struct json_writer *w, const char *type, bool nullable);
/* {"$ref": "#/components/" + where} */
void oa_ref(struct json_writer *w, const char *where);

/* --- openapi_schema.c --- */
/* A record in an answer, in the body of a creation, in the body of a change. */
enum oa_use { OA_ANSWER, OA_CREATION, OA_CHANGE };
/* Whether the field stands there, and how it is spelled. */
bool openapi_is_told(const struct field *f, enum oa_use use);
const char *openapi_told_name(struct arena *a, const struct field *f, enum oa_use use);
/* The members of "schemas", without Failure. */
void openapi_schemas(struct json_writer *w, struct arena *a);
/* The members of a media type: "schema" and "example". */
void openapi_body(struct json_writer *w, struct arena *a, const struct route *r);
void openapi_answer(struct json_writer *w, struct arena *a, const struct route *r);
/* The schema alone, of an answer that is not in the envelope. */
void openapi_bare_schema(struct json_writer *w, struct arena *a, const struct route *r);

/* --- openapi_example.c --- */
/* The members of a record, without braces; one part; an object of both (either may be NULL). */
void openapi_example_record(struct json_writer *w, struct arena *a, const struct record_type *t, enum oa_use use);
void openapi_example_part(struct json_writer *w, struct arena *a, const struct answer_part *p);
void openapi_example_object(struct json_writer *w, struct arena *a, const struct record_type *t, const struct answer_part *parts);

/* --- openapi_failure.c --- */
/* The members of an operation's "responses" for what may fail; and its "x-codes". */
void openapi_failures(struct json_writer *w, struct arena *a, const struct route *r);
void openapi_codes(struct json_writer *w, const struct route *r);
void openapi_failure_schema(struct json_writer *w);          /* "Failure": … */
void openapi_failure_responses(struct json_writer *w, struct arena *a); /* the members of components/responses */
void openapi_error_table(struct json_writer *w);             /* "x-errors": … */

#endif
