/* Files that are there completely or not at all, also when the power goes. */
#ifndef MMS_BASE_DURABLE_H
#define MMS_BASE_DURABLE_H

#include <stdbool.h>
#include <stddef.h>

/* Gives the finished file `part` its name, on the disk for good; both lie in one folder. `replaces`: a file of that name is
 * replaced; else it is left alone and this fails. errno says why not. */
bool durable_rename(const char *part, const char *name, bool replaces);

/* All of the bytes, however many calls it takes. Not yet on the disk. False: errno. */
bool durable_write(int fd, const void *bytes, size_t n);

#endif
