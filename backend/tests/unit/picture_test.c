/* Pictures: headers, sizes, orientation, transparency. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gd.h>
#include <string.h>

#include "media/picture.h"

#define RED 0xff0000
#define BLUE 0x0000ff

/* 16 × 8 with a red block in the upper left quarter, blue elsewhere. */
static gdImagePtr drawn(void)
{
    gdImagePtr im = gdImageCreateTrueColor(16, 8);
    gdImageFilledRectangle(im, 0, 0, 15, 7, BLUE);
    gdImageFilledRectangle(im, 0, 0, 7, 3, RED);
    return im;
}

static size_t with_orientation(const unsigned char *jpeg, size_t n, int orientation, unsigned char *out)
{
    static const unsigned char head[] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1};
    const unsigned char tail[] = {0, (unsigned char)orientation, 0, 0, 0, 0, 0, 0};
    memcpy(out, jpeg, 2);
    memcpy(out + 2, head, sizeof head);
    memcpy(out + 2 + sizeof head, tail, sizeof tail);
    memcpy(out + 2 + sizeof head + sizeof tail, jpeg + 2, n - 2);
    return n + sizeof head + sizeof tail;
}

static bool is_red(gdImagePtr im, int x, int y)
{
    int c = gdImageTrueColorPixel(im, x, y);
    return gdTrueColorGetRed(c) > 128 && gdTrueColorGetBlue(c) < 128;
}

/* Where the red quarter of the drawn picture belongs, by the meaning of EXIF's numbers. */
static void orientation_is_minded(void **state)
{
    static const struct {
        bool right, bottom, turned;
    } red[9] = {[1] = {0, 0, 0}, [2] = {1, 0, 0}, [3] = {1, 1, 0}, [4] = {0, 1, 0},
                [5] = {0, 0, 1}, [6] = {1, 0, 1}, [7] = {1, 1, 1}, [8] = {0, 1, 1}};
    (void)state;
    gdImagePtr im = drawn();
    int n;
    unsigned char *jpeg = gdImageJpegPtr(im, &n, 95), sent[8192];
    for (int o = 1; o <= 8; o++) {
        struct buf out;
        enum picture_type type;
        struct picture_facts facts;
        size_t length = with_orientation(jpeg, (size_t)n, o, sent);
        buf_init(&out, 1 << 20);
        assert_true(picture_look(sent, length, &facts));
        assert_int_equal(facts.orientation, o);
        assert_int_equal(picture_fit(sent, length, 512, &out, &type), RC_OK);
        gdImagePtr got = gdImageCreateFromJpegPtr((int)out.n, out.bytes);
        assert_int_equal(gdImageSX(got), red[o].turned ? 8 : 16);
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 2; x++)
                assert_int_equal(is_red(got, gdImageSX(got) * (1 + 2 * x) / 4, gdImageSY(got) * (1 + 2 * y) / 4),
                                 x == red[o].right && y == red[o].bottom);
        gdImageDestroy(got);
        buf_free(&out);
    }
    gdFree(jpeg);
    gdImageDestroy(im);
}

static void transparency_stays(void **state)
{
    (void)state;
    gdImagePtr im = gdImageCreateTrueColor(1024, 2);
    gdImageAlphaBlending(im, 0);
    gdImageSaveAlpha(im, 1);
    gdImageFilledRectangle(im, 0, 0, 1023, 1, gdTrueColorAlpha(10, 200, 10, 127));
    int n;
    unsigned char *bytes = gdImagePngPtr(im, &n);
    struct buf out;
    enum picture_type type;
    buf_init(&out, 1 << 20);
    assert_int_equal(picture_fit(bytes, (size_t)n, 512, &out, &type), RC_OK);
    gdImagePtr got = gdImageCreateFromPngPtr((int)out.n, out.bytes);
    assert_int_equal(gdImageSX(got), 512);
    assert_int_equal(gdImageSY(got), 1);
    assert_int_equal(gdTrueColorGetAlpha(gdImageTrueColorPixel(got, 100, 0)), 127);
    gdImageDestroy(got);
    gdImageDestroy(im);
    gdFree(bytes);
    buf_free(&out);
}

/* Whatever is cut off or changed, it ends, and with one of the four results. */
static void damage_does_no_harm(void **state)
{
    (void)state;
    gdImagePtr im = drawn();
    int sizes[4];
    void *all[4] = {gdImageJpegPtr(im, &sizes[0], 80), gdImagePngPtr(im, &sizes[1]), gdImageGifPtr(im, &sizes[2]),
                    gdImageWebpPtr(im, &sizes[3])};
    unsigned seed = 1;
    for (int k = 0; k < 4; k++) {
        for (int round = 0; round < 400; round++) {
            unsigned char bytes[8192];
            size_t n = (size_t)sizes[k];
            struct buf out;
            enum picture_type type;
            memcpy(bytes, all[k], n);
            seed = seed * 1103515245 + 12345;
            if (round % 2)
                n = (seed >> 8) % n;
            else
                bytes[(seed >> 8) % n] ^= (unsigned char)(1U << (seed & 7));
            buf_init(&out, 1 << 20);
            enum rc rc = picture_fit(bytes, n, 512, &out, &type);
            assert_true(rc == RC_OK || rc == RC_PICTURE_TYPE || rc == RC_PICTURE_BROKEN || rc == RC_PICTURE_TOO_LARGE);
            buf_free(&out);
        }
        gdFree(all[k]);
    }
    gdImageDestroy(im);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orientation_is_minded),
        cmocka_unit_test(transparency_stays),
        cmocka_unit_test(damage_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
