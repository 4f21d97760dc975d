/* What mms serve has shipped to BACKUP_CONTINUOUS_DIR, brought back (db/ship_folder.h). */
#ifndef MMS_OPS_CONTINUOUS_H
#define MMS_OPS_CONTINUOUS_H

#include "db/ship_folder.h"
#include "ops/backup.h"

struct continuous_source {
    const char *folder;
    int64_t until_ms;     /* 0: the newest there is */
    const char *identity; /* the file with age's private key; NULL: none was given */
    struct ship_restored restored;
};

/* The database, as a new file, proven like a backup (backup.h); that it was is noted in the folder. What goes wrong is printed; the exit
 * code comes back, and `file` is gone then. b: gets a name for messages. */
int continuous_take_out(struct tool *t, const char *command, struct continuous_source *s, struct backup *b, const char *file);
/* Looks at order and checksums alone, for which nobody needs a key, and prints what it found: no proof that it can be restored. */
int continuous_check_sums(struct tool *t, const char *command, struct continuous_source *s);
/* The folder, within the source's, of the uploaded files that belong to what was taken out. */
const char *continuous_uploads(struct tool *t, const struct continuous_source *s);
/* Uploaded files into `to`; NULL: each is only read. How many. */
MUST_CHECK enum rc continuous_put_files(struct tool *t, const struct continuous_source *s, struct files *to, int64_t *count);

#endif
