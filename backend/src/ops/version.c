/* mms version */
#include <stdio.h>

#include "db/db.h"
#include "ops/command.h"

static int run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    printf("mms %s (schema %d)\n", MMS_VERSION, migrations[migration_count - 1].number);
    return EXIT_OK;
}

const struct command version_command = {
    .name = "version", .summary = "print the version", .help = "usage: mms version\n", .run = run};
