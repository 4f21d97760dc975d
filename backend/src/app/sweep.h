/* The sweep at the start and once a day: what a sudden end has left behind, and what is over. One that fails is tried again. Files that no
 * row names are gathered, looked up in one transaction, and removed: the writer never waits for where files lie. */
#ifndef MMS_APP_SWEEP_H
#define MMS_APP_SWEEP_H

#include "app/app.h"

struct sweep;

/* Files on the local disk are swept before this returns; remote ones, and all the later times, on a thread. */
struct sweep *sweep_start(struct app *app);
/* After files_stop. NULL is fine. */
void sweep_end(struct sweep *s);

#endif
