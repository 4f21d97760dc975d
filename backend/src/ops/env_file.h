/* --env-file FILE, of every command: settings from a file, which may be encrypted with age or ansible-vault. It is decrypted through
 * a pipe into memory; the plain text is on no disk, and what was read is wiped. */
#ifndef MMS_OPS_ENV_FILE_H
#define MMS_OPS_ENV_FILE_H

#include <stdbool.h>

/* Takes `--env-file FILE` out of the arguments and reads the file. Printed and returned is what went wrong: an exit code, 0: fine. */
int env_file_take(int *argc, char **argv);
/* A variable: of the environment, or, when it is missing or empty there, of the file. NULL: of neither. */
const char *env_file_get(const char *name);

struct arena;

/* Is there a file? */
bool env_file_is_used(void);
/* The variables (names end with NULL) as they stand now, in the arena: what the environment does not set is read from the file once
 * more, which may have changed. What env_file_get gives stays as it was. False: the file could not be read, and it was printed why. */
bool env_file_read_again(struct arena *a, const char *const *names, const char **values);

#endif
