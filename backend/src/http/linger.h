/* Lingering close: a connection that was answered before its request was complete is read on for a while, into nothing.
 * Closed at once, with bytes unread, the system would answer the client's next bytes with a reset, and the client would
 * lose the answer (a 413) that it has not looked at yet. */
#ifndef MMS_HTTP_LINGER_H
#define MMS_HTTP_LINGER_H

#define LINGER_MS 2000                    /* at most so long */
#define LINGER_BYTES (32u * 1024 * 1024)  /* … and so much is thrown away for one connection */
#define LINGER_SOCKETS 64                 /* more at the same time are closed at once */

struct linger_set;

/* NULL: no thread could be started. */
struct linger_set *linger_start(void);
/* Keeps a duplicate of fd open and reads it; from any thread. */
void linger_take(struct linger_set *l, int fd);
void linger_stop(struct linger_set *l); /* closes what still lingers; NULL is fine */

#endif
