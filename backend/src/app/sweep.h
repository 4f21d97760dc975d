/* The sweep at the start and once an hour: imports that nobody finishes, and files that no row names (domain/loose_file.h) when they are due.
 * One that fails is tried again. They are looked up in one transaction, removed, and forgotten in another: the writer never waits for where
 * files lie. */
#ifndef MMS_APP_SWEEP_H
#define MMS_APP_SWEEP_H

#include "app/app.h"

struct sweep;

/* Files on the local disk are swept before this returns; remote ones, and all the later times, on a thread. */
struct sweep *sweep_start(struct app *app);
/* After files_stop. NULL is fine. */
void sweep_end(struct sweep *s);

#endif
