#include "ops/age.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static bool run(const char *const argv[])
{
    pid_t child;
    int status;
    union {
        const char *const *given;
        char *const *wanted;
    } words = {.given = argv}; /* posix_spawn changes none of them */
    int why = posix_spawnp(&child, argv[0], NULL, NULL, words.wanted, environ);
    if (why != 0) {
        errno = why;
        return false;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    errno = EIO;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool age_encrypt(const char *recipient, const char *from, const char *to)
{
    return run((const char *const[]){"age", "--encrypt", "--recipient", recipient, "--output", to, from, NULL});
}

bool age_decrypt(const char *identity_file, const char *from, const char *to)
{
    return run((const char *const[]){"age", "--decrypt", "--identity", identity_file, "--output", to, from, NULL});
}
