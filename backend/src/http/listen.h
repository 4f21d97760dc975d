/* The listening socket. */
#ifndef MMS_HTTP_LISTEN_H
#define MMS_HTTP_LISTEN_H

#include "base/error.h"

/* host: an IPv4 or IPv6 address, or "localhost" (127.0.0.1); "::" takes IPv4 too. port 0: any free
 * one. *port_out is the real port. The socket is the caller's to close. */
MUST_CHECK enum rc listen_open(const char *host, int port, int *fd_out, int *port_out,
                               struct error *why);

#endif
