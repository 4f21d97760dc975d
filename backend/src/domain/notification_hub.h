/* Live delivery of notifications: one thread for all open streams (GET /api/notifications/stream).
 *
 * It also tells how far the listener's jobs are (events `job`, without an id: they are told as they come, and not again).
 *
 * A commit wakes it; it asks each listener's question of the database (what is new to him since the last one he was sent), so a
 * stream shows exactly what the list shows. It also looks once a second. Event ids are
 * the ids of the notifications: a client that comes back with the last one it has seen (Last-Event-ID) misses nothing and
 * gets nothing twice. Before anything is sent, and with each heartbeat, the listener's session is looked at again. */
#ifndef MMS_DOMAIN_NOTIFICATION_HUB_H
#define MMS_DOMAIN_NOTIFICATION_HUB_H

#include "domain/ctx.h"

#define HUB_HEARTBEAT_MS 15000
#define HUB_LOOK_MS 1000 /* for other instances' writing, and for clients that have gone */
#define HUB_PAUSE_MS 20  /* between two rounds: what is committed meanwhile goes together */
#define HUB_CHANGED_MS 2000 /* at least between two events `changed` of one listener */
#define HUB_EVENTS_MAX 50 /* of one listener in a round */
#define HUB_IDS_MAX 20000 /* so far he comes in a round: who has been away for long does not keep the others waiting */

/* The last event of a stream that is ended, with the reason: token_invalid, stream_replaced. */
#define HUB_END(CODE) "event: end\ndata: {\"code\":\"" CODE "\"}\n\n"

struct http_stream;
struct notification_hub;

/* lend_reader gives a context its reader (app_use_reader), on the hub's thread; false: the database is away. */
struct notification_hub *notification_hub_start(bool (*lend_reader)(void *arg, struct ctx *c), void *arg);
/* Closes all streams. NULL is fine. */
void notification_hub_stop(struct notification_hub *hub);

/* Something was committed. From any thread; cheap. */
void notification_hub_wake(void *hub);

/* Takes the stream over: c->actor hears what comes after the notification `last_id`. */
void notification_hub_join(struct notification_hub *hub, const struct ctx *c, int64_t last_id, struct http_stream *stream);

#endif
