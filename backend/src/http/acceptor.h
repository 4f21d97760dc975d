/* The thread that takes new connections, as many at a time as are allowed; more wait in the
 * system's queue. It is ours, not libmicrohttpd's, whose own way to stop accepting
 * (MHD_quiesce_daemon, 0.9.75) can end the process: two threads may take the listening socket out
 * of the same epoll set. */
#ifndef MMS_HTTP_ACCEPTOR_H
#define MMS_HTTP_ACCEPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

struct acceptor;

/* Gets each new connection's socket, on the acceptor's thread. False: it has been closed already.
 */
typedef bool (*acceptor_take_fn)(void *app, int fd, const struct sockaddr *peer, socklen_t n);

/* *out is set before the first connection is taken. True: listen_fd is the acceptor's now. False:
 * no thread could be started. */
bool acceptor_start(int listen_fd, size_t connections_max, acceptor_take_fn take, void *app,
                    struct acceptor **out);
/* More than half of the connections allowed are open; from any thread. */
bool acceptor_is_crowded(struct acceptor *a);
size_t acceptor_open(struct acceptor *a); /* connections that are open */
/* A connection that was taken has ended; from any thread. */
void acceptor_release(struct acceptor *a);
/* New connections are refused when this returns. Once; NULL is fine. */
void acceptor_stop(struct acceptor *a);
void acceptor_free(struct acceptor *a); /* after acceptor_stop; NULL is fine */

#endif
