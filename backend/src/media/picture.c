#include "media/picture.h"

#include <gd.h>
#include <limits.h>

#define JPEG_QUALITY 85

/* What a broken picture makes the library say is for nobody. */
__attribute__((format(printf, 2, 0))) static void be_quiet(int priority, const char *format, va_list args)
{
    (void)priority, (void)format, (void)args;
}

static gdImagePtr decode(enum picture_type type, const unsigned char *bytes, size_t n)
{
    void *data = (void *)(uintptr_t)bytes;
    switch (type) {
    case PICTURE_JPEG:
        return gdImageCreateFromJpegPtr((int)n, data);
    case PICTURE_PNG:
        return gdImageCreateFromPngPtr((int)n, data);
    case PICTURE_GIF:
        return gdImageCreateFromGifPtr((int)n, data);
    case PICTURE_WEBP:
        return gdImageCreateFromWebpPtr((int)n, data);
    case PICTURE_NONE:
        break;
    }
    return NULL;
}

static gdImagePtr make(int width, int height)
{
    gdImagePtr im = gdImageCreateTrueColor(width, height);
    if (!im)
        return NULL;
    gdImageAlphaBlending(im, 0); /* transparency is copied, not mixed with black */
    gdImageSaveAlpha(im, 1);
    return im;
}

/* Takes `im`. */
static gdImagePtr scale(gdImagePtr im, int edge)
{
    int64_t w = gdImageSX(im), h = gdImageSY(im), longer = w > h ? w : h;
    int64_t to_w = longer > edge ? w * edge / longer : w, to_h = longer > edge ? h * edge / longer : h;
    gdImagePtr out = gdImagePaletteToTrueColor(im) ? make(to_w ? (int)to_w : 1, to_h ? (int)to_h : 1) : NULL;
    if (out)
        gdImageCopyResampled(out, im, 0, 0, 0, 0, gdImageSX(out), gdImageSY(out), (int)w, (int)h);
    gdImageDestroy(im);
    return out;
}

/* Where the upright picture's (x, y) comes from in one of w × h with this orientation. */
static int source_pixel(gdImagePtr im, int orientation, int x, int y)
{
    int w = gdImageSX(im), h = gdImageSY(im);
    bool turned = orientation >= 5;
    int column = turned ? y : x, row = turned ? x : y;
    if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        column = w - 1 - column;
    if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7)
        row = h - 1 - row;
    return gdImageTrueColorPixel(im, column, row);
}

/* Takes `im`. */
static gdImagePtr turn_upright(gdImagePtr im, int orientation)
{
    if (orientation == 1)
        return im;
    bool turned = orientation >= 5;
    gdImagePtr out = turned ? make(gdImageSY(im), gdImageSX(im)) : make(gdImageSX(im), gdImageSY(im));
    for (int y = 0; out && y < gdImageSY(out); y++)
        for (int x = 0; x < gdImageSX(out); x++)
            gdImageSetPixel(out, x, y, source_pixel(im, orientation, x, y));
    gdImageDestroy(im);
    return out;
}

static bool encode(gdImagePtr im, enum picture_type type, struct buf *out)
{
    int n = 0;
    void *bytes = type == PICTURE_JPEG ? gdImageJpegPtr(im, &n, JPEG_QUALITY) : gdImagePngPtr(im, &n);
    if (bytes)
        buf_add(out, bytes, (size_t)n);
    gdFree(bytes);
    return bytes && !out->overflow;
}

enum rc picture_fit(const unsigned char *bytes, size_t n, int edge, struct buf *out, enum picture_type *type)
{
    struct picture_facts facts;
    if (!picture_look(bytes, n, &facts) || n > INT_MAX)
        return RC_PICTURE_TYPE;
    if (facts.width > PICTURE_EDGE_MAX || facts.height > PICTURE_EDGE_MAX || facts.width * facts.height > PICTURE_PIXELS_MAX)
        return RC_PICTURE_TOO_LARGE;
    gdSetErrorMethod(be_quiet);
    gdImagePtr im = decode(facts.type, bytes, n);
    if (im)
        im = scale(im, edge);
    if (im)
        im = turn_upright(im, facts.orientation);
    if (!im)
        return RC_PICTURE_BROKEN;
    *type = facts.type == PICTURE_JPEG ? PICTURE_JPEG : PICTURE_PNG;
    bool done = encode(im, *type, out);
    gdImageDestroy(im);
    return done ? RC_OK : RC_PICTURE_BROKEN;
}
