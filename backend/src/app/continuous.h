/* Continuous backup of the running service: BACKUP_CONTINUOUS_DIR (db/ship.h), and the uploaded files that go with it. */
#ifndef MMS_APP_CONTINUOUS_H
#define MMS_APP_CONTINUOUS_H

#include "app/app.h"

struct continuous;

/* Before the writer's first job. NULL in *out: it is not asked for. */
MUST_CHECK enum rc continuous_start(struct app *app, struct continuous **out, struct error *why);
/* After the writer has stopped. NULL is fine. */
void continuous_end(struct continuous *c);

#endif
