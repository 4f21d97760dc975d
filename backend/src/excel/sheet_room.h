/* Memory for the XML parser, which keeps every name that it has ever seen: bounded, because a small file can have millions of names. */
#ifndef MMS_EXCEL_SHEET_ROOM_H
#define MMS_EXCEL_SHEET_ROOM_H

#include <expat.h>
#include <stddef.h>

struct sheet_room {
    size_t left; /* bytes */
};

/* The parser asks its memory from the room that was entered last on this thread; enter before each call of it. */
extern const XML_Memory_Handling_Suite sheet_room_suite;
void sheet_room_enter(struct sheet_room *room);

#endif
