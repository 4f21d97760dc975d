/* Workbooks: whole files, and the XML in them. What begins like an archive is one; anything else is a sheet, its strings, its styles and
 * the workbook, parted by NULs, from which an archive is made. */
#include "sheet_fuzz.h"

#define WORKBOOK "<workbook xmlns='" MAIN_SPACE "' xmlns:r='" OFFICE_TYPE "'><sheets><sheet name='One' r:id='s1'/></sheets></workbook>"

enum { SHEET, STRINGS, STYLES, BOOK, PART_COUNT };

static void parts_are_read(const uint8_t *data, size_t size)
{
    struct toy_part parts[PART_COUNT + 3] = {{"xl/worksheets/sheet1.xml", ""}, {"xl/sharedStrings.xml", ""}, {"xl/styles.xml", ""},
                                             {"xl/workbook.xml", WORKBOOK}, TOY_ROOT, TOY_RELATIONS};
    const char *at = (const char *)data, *end = at + size;
    for (int i = 0; i < PART_COUNT && at < end; i++) {
        const char *nul = memchr(at, '\0', (size_t)(end - at)), *part_end = nul ? nul : end;
        if (part_end > at)
            parts[i] = (struct toy_part){parts[i].name, at, (size_t)(part_end - at)};
        at = part_end + 1;
    }
    size_t n;
    char *bytes = toy_zip(parts, &n, NULL);
    sheet_is_read(bytes, n);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 4 && memcmp(data, "PK\3\4", 4) == 0)
        sheet_is_read((const char *)data, size);
    else
        parts_are_read(data, size);
    return 0;
}
