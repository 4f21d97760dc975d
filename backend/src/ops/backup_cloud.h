/* Backups in object storage, as the second place: the files of a backup (domain/backup.h) in the folder backup/ of the bucket that the OSS_
 * settings name. The manifest goes last, so a name without one is nothing there either. Nothing is ever deleted there: how long they
 * stay is the bucket's rule, so that nobody who has broken in here can take them away. */
#ifndef MMS_OPS_BACKUP_CLOUD_H
#define MMS_OPS_BACKUP_CLOUD_H

#include "ops/backup.h"

#define BACKUP_CLOUD "oss:" /* in place of a folder */

/* Copies the backup from this folder, and proves each file by size and sum, as the storage tells them. What goes wrong is printed. */
int backup_send(struct tool *t, const char *command, const char *folder, const struct backup *b);
/* Brings the backup of this name ("": the newest proven one) into the folder; *manifest is its path. One that is there is not brought again. */
int backup_fetch(struct tool *t, const char *command, const char *name, const char *folder, const char **manifest);

#endif
