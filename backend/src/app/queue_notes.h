/* The thread that notes, once a minute, how long writes have waited in this instance's queue (writer_quarters): mms assess looks at the
 * last 30 days. An idle service writes nothing. */
#ifndef MMS_APP_QUEUE_NOTES_H
#define MMS_APP_QUEUE_NOTES_H

#include "domain/assessment.h"

#define QUEUE_NOTE_S 60

struct queue_notes;

struct queue_notes *queue_notes_start(struct db_writer *writer);
/* Notes the rest, and frees. NULL is fine. Before the writer is stopped. */
void queue_notes_stop(struct queue_notes *n);

/* What has not been noted yet. */
struct assessment_queue queue_notes_rest(struct queue_notes *n);

#endif
