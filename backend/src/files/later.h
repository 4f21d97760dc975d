/* Removing files behind those who may not wait for it: a thread of its own, which is there from the first file on. */
#ifndef MMS_FILES_LATER_H
#define MMS_FILES_LATER_H

#include <stdbool.h>

#define FILES_LATER_MAX 1000 /* keys that wait; more are left for the sweep */

struct files_later;

struct files_later *files_later_start(void (*remove)(void *arg, const char *key, bool *went_well), void *arg);
void files_later_add(struct files_later *l, const char *key); /* from any thread */
/* After what waits has been removed, or one could not be. NULL is fine. */
void files_later_end(struct files_later *l);

#endif
