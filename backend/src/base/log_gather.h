/* Standard output when it is a pipe (a container's log, systemd): each write wakes those who read it, which costs more than the line. So ordinary
 * lines are gathered for LOG_GATHER_MS and go in one write; warnings and errors go at once, with what was gathered before them. Whoever is
 * killed in between loses no more lines than that. */
#ifndef MMS_BASE_LOG_GATHER_H
#define MMS_BASE_LOG_GATHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/log_file.h"

#define LOG_GATHER_MS 5

/* Starts to gather what is for `sink`; without a thread to be had, lines go on being written at once. */
void log_gather_begin(struct log_sink *sink);
/* Writes what there is; from here on each line goes at once. Only when no other thread logs any more, or before the program ends. */
void log_gather_end(void);

/* `line` as for log_sink_put. False: nothing is gathered, and it is the caller's to write. */
bool log_gather_put(const char *line, size_t n, bool at_once);

#endif
