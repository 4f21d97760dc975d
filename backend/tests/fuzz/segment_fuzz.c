/* A segment of the continuous backup: whatever its file holds, it is read as it was written, or refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/ship_folder.h"
#include "fuzz.h"

/* In the folder that the target runs in (run). */
static const char folder[] = "place";

static void put(const uint8_t *data, size_t size)
{
    char path[256];
    snprintf(path, sizeof path, "%s/00000001.seg", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    insist(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

/* What is behind the header decides what is written; the sums are then right, so that reading comes to the pages. */
static void write_and_read(const uint8_t *data, size_t size)
{
    struct ship_segment s = {.number = 1, .time_ms = 1, .page_size = 512, .packed = (uint32_t)size}, found;
    struct ship_key none = {0};
    unsigned char *pages = NULL;
    if (size < 8)
        return;
    memcpy(&s.pages, data, sizeof s.pages);
    s.pages %= 64;
    s.sealed = data[4] & 1;
    s.raw = s.pages * (4 + s.page_size);
    memset(s.before, '0', sizeof s.before - 1);
    insist(ship_segment_write(folder, &s, data));
    enum rc rc = ship_segment_read(folder, 1, &found, &none, &pages);
    insist(!s.sealed || rc == RC_FILES_REFUSED); /* without a key */
    insist(rc != RC_OK || (found.raw == s.raw && strcmp(found.hash, s.hash) == 0));
    insist(rc == RC_OK || ship_segment_read(folder, 1, &found, NULL, NULL) == RC_OK); /* it is whole: only its pages are none */
    free(pages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ship_segment s;
    struct ship_key none = {0};
    unsigned char *pages = NULL;
    insist(mkdir(folder, 0700) == 0 || errno == EEXIST);
    put(data, size);
    insist(ship_segment_read(folder, 1, &s, &none, &pages) != RC_OK || (int64_t)s.raw == (int64_t)s.pages * (4 + (int64_t)s.page_size));
    free(pages);
    write_and_read(data, size);
    return 0;
}
