/* What mms backup and mms restore share: bringing a backup's database back to a file, and proving it. */
#ifndef MMS_OPS_BACKUP_H
#define MMS_OPS_BACKUP_H

#include "domain/backup.h"
#include "ops/tool.h"

/* Takes the database of the backup, which lies in `folder`, to `file`, which must not be there, and proves it: both checksums, the
 * rows of each table, the control totals, mms verify and the log's chain. A manifest without figures gets them. What goes wrong is
 * printed; the exit code comes back, and `file` is gone then. */
int backup_take_out(struct tool *t, const char *command, const char *folder, struct backup *b, const char *file);

/* Proves the database in this file the same way; one of an older version is brought to this one. b->schema must be told. */
int backup_prove(struct tool *t, const char *command, struct backup *b, const char *file);

/* Says why age could not do it. */
int backup_say_age(struct tool *t, const char *command, const char *path);

/* Removes a database's file with what SQLite keeps beside it. */
void backup_remove_database(struct arena *a, const char *file);

/* Says that this path could not be used, and why (errno). */
int backup_say_errno(struct tool *t, const char *command, const char *path);

#endif
