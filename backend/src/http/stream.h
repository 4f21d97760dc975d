/* Inside http: answers without an end. The application's side is in http.h. */
#ifndef MMS_HTTP_STREAM_H
#define MMS_HTTP_STREAM_H

#include "http/exchange.h"

struct MHD_Response;

/* The answer of this exchange, which goes on as long as the stream does; from here on the response owns the exchange's hold. */
struct MHD_Response *stream_response(struct exchange *e);
/* The exchange ends before its answer has begun. NULL is fine. */
void stream_abandon(struct http_stream *s);
/* Ends all; none can be opened any more. */
void stream_end_all(struct http_server *server);

#endif
