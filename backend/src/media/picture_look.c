/* The headers of the four types, read byte by byte: before anything is decoded. */
#include <string.h>

#include "media/picture.h"

struct bytes {
    const unsigned char *at;
    size_t n;
};

static int64_t big(const unsigned char *p, int count)
{
    int64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | p[i];
    return value;
}

static int64_t little(const unsigned char *p, int count)
{
    int64_t value = 0;
    for (int i = count - 1; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

static bool has(struct bytes b, size_t at, const char *text, size_t n)
{
    return b.n >= at + n && memcmp(b.at + at, text, n) == 0;
}

static bool look_png(struct bytes b, struct picture_facts *out)
{
    if (!has(b, 0, "\x89PNG\r\n\x1a\n", 8) || !has(b, 12, "IHDR", 4) || b.n < 24)
        return false;
    *out = (struct picture_facts){PICTURE_PNG, big(b.at + 16, 4), big(b.at + 20, 4), 1};
    return true;
}

static bool look_gif(struct bytes b, struct picture_facts *out)
{
    if ((!has(b, 0, "GIF87a", 6) && !has(b, 0, "GIF89a", 6)) || b.n < 10)
        return false;
    *out = (struct picture_facts){PICTURE_GIF, little(b.at + 6, 2), little(b.at + 8, 2), 1};
    return true;
}

static bool look_webp(struct bytes b, struct picture_facts *out)
{
    if (!has(b, 0, "RIFF", 4) || !has(b, 8, "WEBP", 4) || b.n < 30)
        return false;
    *out = (struct picture_facts){.type = PICTURE_WEBP, .orientation = 1};
    if (has(b, 12, "VP8X", 4)) {
        out->width = little(b.at + 24, 3) + 1;
        out->height = little(b.at + 27, 3) + 1;
    } else if (has(b, 12, "VP8L", 4) && b.at[20] == 0x2f) {
        int64_t sizes = little(b.at + 21, 4); /* 14 bits each */
        out->width = (sizes & 0x3fff) + 1;
        out->height = (sizes >> 14 & 0x3fff) + 1;
    } else if (has(b, 12, "VP8 ", 4) && has(b, 23, "\x9d\x01\x2a", 3)) {
        out->width = little(b.at + 26, 2) & 0x3fff;
        out->height = little(b.at + 28, 2) & 0x3fff;
    } else {
        return false;
    }
    return true;
}

/* The orientation in an EXIF segment (after "Exif\0\0"): a TIFF directory. 1 when there is none. */
static int exif_orientation(struct bytes tiff)
{
    bool is_little = has(tiff, 0, "II*\0", 4);
    if (tiff.n < 8 || (!is_little && !has(tiff, 0, "MM\0*", 4)))
        return 1;
    int64_t (*number)(const unsigned char *, int) = is_little ? little : big;
    size_t at = (size_t)number(tiff.at + 4, 4);
    if (at > tiff.n - 2)
        return 1;
    int64_t entries = number(tiff.at + at, 2);
    at += 2;
    for (; entries > 0 && at + 12 <= tiff.n; entries--, at += 12) {
        if (number(tiff.at + at, 2) != 0x0112)
            continue;
        int64_t value = number(tiff.at + at + 8, 2);
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

static bool is_start_of_frame(unsigned char marker)
{
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool look_jpeg(struct bytes b, struct picture_facts *out)
{
    if (!has(b, 0, "\xff\xd8\xff", 3))
        return false;
    *out = (struct picture_facts){.type = PICTURE_JPEG, .orientation = 1};
    for (size_t at = 2; at + 4 <= b.n && b.at[at] == 0xff;) {
        unsigned char marker = b.at[at + 1];
        if (marker == 0xff) { /* fill */
            at++;
            continue;
        }
        size_t length = (size_t)big(b.at + at + 2, 2);
        if (length < 2 || at + 2 + length > b.n)
            return false;
        struct bytes segment = {b.at + at + 4, length - 2};
        if (marker == 0xe1 && has(segment, 0, "Exif\0\0", 6))
            out->orientation = exif_orientation((struct bytes){segment.at + 6, segment.n - 6});
        if (is_start_of_frame(marker) && segment.n >= 5) {
            out->height = big(segment.at + 1, 2);
            out->width = big(segment.at + 3, 2);
            return true;
        }
        at += 2 + length;
    }
    return false;
}

bool picture_look(const unsigned char *bytes, size_t n, struct picture_facts *out)
{
    struct bytes b = {bytes, n};
    *out = (struct picture_facts){0};
    bool known = look_png(b, out) || look_jpeg(b, out) || look_gif(b, out) || look_webp(b, out);
    return known && out->width > 0 && out->height > 0;
}
