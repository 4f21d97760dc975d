/* What object storage says in XML: refusals and lists. Read leniently: what is there counts, as far as it can be read. */
#ifndef MMS_CLOUD_OSS_XML_H
#define MMS_CLOUD_OSS_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Calls `element` at each element's end, with the name of the one around it ("" for the outermost) and its own text. A document type,
 * and so every entity of its own, ends the reading. True: the document was whole. */
bool oss_xml_read(const char *bytes, size_t n, void (*element)(void *arg, const char *around, const char *name, const char *text), void *arg);

/* A refusal. Texts in the arena, "" when it does not say. */
struct oss_refusal {
    const char *code, *message, *request_id, *ec, *server_time;
};
void oss_read_refusal(struct arena *a, const char *bytes, size_t n, struct oss_refusal *out);

/* A page of a list. */
struct oss_page {
    void (*found)(void *arg, const char *key, int64_t bytes, int64_t changed_ms);
    void *arg;
    bool is_cut;      /* there is more … */
    const char *next; /* … from here on */
};
/* False: it is no list, or not whole. Keys come decoded (encoding-type=url). */
bool oss_read_page(struct arena *a, const char *bytes, size_t n, struct oss_page *page);

/* The upload id of an answer to a multipart upload that was begun; NULL: it has none. */
const char *oss_read_upload_id(struct arena *a, const char *bytes, size_t n);

#endif
