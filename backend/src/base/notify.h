/* Tells systemd how far a service is (sd_notify(3)), where it is started by a unit of Type=notify. */
#ifndef MMS_BASE_NOTIFY_H
#define MMS_BASE_NOTIFY_H

#include <stdbool.h>

/* Sends `state` ("READY=1") to NOTIFY_SOCKET. True where there is no such variable: nobody waits; false with errno. Does not block. */
bool notify_send(const char *state);

#endif
