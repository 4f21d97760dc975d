/* A sealed part of the operation log as a file, one JSON object a line:
 *   {"format":"mms-operation-log","version":1,"first_id":…,"last_id":…,"previous_hash":"…"}
 *   {"id":…, … ,"created_at":…,"hash":"…"}        for each row: the columns of audit.h
 *   {"rows":…,"hash":"…"}                          the last row's hash once more
 * Whoever has it can prove it without the database. */
#ifndef MMS_OPS_AUDIT_FILE_H
#define MMS_OPS_AUDIT_FILE_H

#include "domain/audit_chain.h"

/* Writes the rows first … last; the file must not exist, and is whole and on the disk, or not there at all. The file's own
 * SHA-256 is in `hash`. RC_DB_FULL and the like from the disk are RC_INTERNAL with the sentence in c->err. */
MUST_CHECK enum rc audit_file_write(struct ctx *c, const char *path, const struct audit_seal *seal,
                                    char hash[static HASH_HEX_MAX]);

/* Walks a file; what does not fit, and lines that are none, go to w->found. False: it cannot be read. */
bool audit_file_prove(const char *path, struct audit_walk *w, char hash[static HASH_HEX_MAX]);

#endif
