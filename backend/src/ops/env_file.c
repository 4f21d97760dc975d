#include "ops/env_file.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/env_text.h"
#include "base/text.h"
#include "ops/command.h"
#include "ops/tool.h"

extern char **environ;

/* Read before any thread is there; its values live as long as the process. */
static struct arena arena;
static struct env_text variables;
static const char *env_path; /* NULL: no file */

/* A reading of the file: where its values go, and the words about it. */
struct reading {
    struct arena *arena;
    struct env_text *out;
};

static int say(const char *zh, const char *en)
{
    fprintf(stderr, "mms: %s\nmms: %s\n", zh, en);
    return EXIT_SETTINGS;
}

static int say_errno(const struct reading *r, const char *path)
{
    const char *why = strerror(errno);

    return say(arena_fmt(r->arena, "环境文件 %s 无法读取：%s", path, why), arena_fmt(r->arena, "The environment file %s cannot be read: %s", path, why));
}

/* What a descriptor gives, up to `room` bytes; the number of bytes, or -1. One more than ENV_TEXT_MAX tells that there is more. */
static ssize_t read_all(int fd, char *to, size_t room)
{
    size_t n = 0;

    while (n < room) {
        ssize_t got = read(fd, to + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

/* --- encrypted ones --- */

struct kind {
    const char *begins, *program, *package, *key_name; /* key_name: the variable that names the file of the key, as its own tools call it */
};

static const struct kind KINDS[] = {
    {"age-encryption.org/", "age", "age", "AGE_IDENTITY_FILE"},
    {"-----BEGIN AGE ENCRYPTED FILE-----", "age", "age", "AGE_IDENTITY_FILE"},
    {"$ANSIBLE_VAULT;", "ansible-vault", "ansible-core", "ANSIBLE_VAULT_PASSWORD_FILE"},
};

static const struct kind *kind_of(const char *text)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (text_starts(text, KINDS[i].begins))
            return &KINDS[i];
    return NULL;
}

/* The encrypted bytes as a file of their own that is in memory alone; -1: errno says why. */
static int as_file(const char *bytes, size_t n)
{
    int fd = memfd_create("mms-env", MFD_CLOEXEC);
    size_t at = 0;

    while (fd >= 0 && at < n) {
        ssize_t put = write(fd, bytes + at, n - at);
        if (put <= 0) {
            close(fd);
            return -1;
        }
        at += (size_t)put;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

/* Starts the program between two descriptors; 0, or an errno. */
static int start(const struct kind *kind, const char *key, int from, int to, pid_t *child)
{
    const char *const age[] = {"age", "--decrypt", "--identity", key, NULL};
    const char *const vault[] = {"ansible-vault", "decrypt", "--output", "-", NULL}; /* the variable tells it of the key */
    union {
        const char *const *given;
        char *const *wanted;
    } words = {.given = strcmp(kind->program, "age") == 0 ? age : vault}; /* posix_spawn changes none of them */
    posix_spawn_file_actions_t actions;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
    int why = posix_spawnp(child, kind->program, &actions, NULL, words.wanted, environ);
    posix_spawn_file_actions_destroy(&actions);
    return why;
}

/* The plain text instead of the encrypted one in `text`; *n is its length. */
static int decrypt(const struct reading *r, const struct kind *kind, const char *path, char *text, size_t *n)
{
    int out[2], from, status, why;
    pid_t child = 0;
    const char *key = getenv(kind->key_name);

    if (!key || !*key)
        return say(arena_fmt(r->arena, "环境文件 %s 已加密（%s），请设置 %s 为密钥文件", path, kind->program, kind->key_name),
                   arena_fmt(r->arena, "The environment file %s is encrypted (%s): %s must name the file of the key", path, kind->program, kind->key_name));
    if (access(key, R_OK) != 0)
        return say(arena_fmt(r->arena, "%s：密钥文件 %s 无法读取：%s", kind->key_name, key, strerror(errno)),
                   arena_fmt(r->arena, "%s: the file of the key, %s, cannot be read: %s", kind->key_name, key, strerror(errno)));
    from = as_file(text, *n);
    if (from < 0 || pipe2(out, O_CLOEXEC) != 0)
        return say_errno(r, path);
    why = start(kind, key, from, out[1], &child);
    close(from);
    close(out[1]);
    ssize_t got = why == 0 ? read_all(out[0], text, ENV_TEXT_MAX + 1) : 0;
    close(out[0]);
    if (why != 0)
        return say(arena_fmt(r->arena, "没有程序 %s，无法解密 %s，请安装（apt install %s）", kind->program, path, kind->package),
                   arena_fmt(r->arena, "There is no program %s to decrypt %s: apt install %s", kind->program, path, kind->package));
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (got > ENV_TEXT_MAX)
        return say("环境文件超过 256 KiB", "The environment file has more than 256 KiB");
    if (got < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return say(arena_fmt(r->arena, "环境文件 %s 未能解密：密钥不对，或文件已损坏（%s 的说明见上）", path, kind->program),
                   arena_fmt(r->arena, "The environment file %s could not be decrypted: another key, or a damaged file (%s says why above)", path, kind->program));
    *n = (size_t)got;
    text[*n] = '\0';
    return EXIT_OK;
}

/* --- reading it --- */

/* sops has a start of its own, which needs no help of ours. */
static bool is_of_sops(const char *text)
{
    return text_starts(text, "sops_") || strstr(text, "\nsops_") || strstr(text, "\nsops:") || strstr(text, "\"sops\":");
}

static int take_text(const struct reading *r, const char *path, const char *text, size_t n)
{
    struct error err = {0};
    error_clear(&err);
    enum rc rc = env_text_read(r->arena, text, n, r->out, &err);
    if (rc == RC_OK)
        return EXIT_OK;
    if (err.fault_count > 0) {
        err.zh = arena_fmt(r->arena, "环境文件 %s 有误：", path);
        err.en = arena_fmt(r->arena, "The environment file %s is not acceptable:", path);
    }
    tool_print_error("--env-file", rc, &err);
    return EXIT_SETTINGS;
}

static int read_open(const struct reading *r, const char *path, int fd, char *text)
{
    ssize_t got = read_all(fd, text, ENV_TEXT_MAX + 1);
    if (got < 0)
        return say_errno(r, path);
    size_t n = (size_t)got;
    text[n] = '\0';
    if (n > ENV_TEXT_MAX)
        return say("环境文件超过 256 KiB", "The environment file has more than 256 KiB");
    const struct kind *kind = kind_of(text);
    if (!kind && is_of_sops(text))
        return say(arena_fmt(r->arena, "环境文件 %s 由 sops 加密，请用 sops exec-env %s 'mms serve' 启动", path, path),
                   arena_fmt(r->arena, "The environment file %s is of sops: start it with sops exec-env %s 'mms serve'", path, path));
    int code = kind ? decrypt(r, kind, path, text, &n) : EXIT_OK;
    return code == EXIT_OK ? take_text(r, path, text, n) : code;
}

static int read_file(const struct reading *r, const char *path)
{
    enum { ROOM = ENV_TEXT_MAX + 2 }; /* never moved, so that no copy is left behind */
    char *text = calloc(1, ROOM);
    int fd = text ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    int code = fd < 0 ? say_errno(r, path) : read_open(r, path, fd, text);

    if (fd >= 0)
        close(fd);
    if (text)
        explicit_bzero(text, ROOM);
    free(text);
    return code;
}

int env_file_take(int *argc, char **argv)
{
    const char *path = NULL;
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "--env-file") != 0) {
            argv[kept++] = argv[i];
            continue;
        }
        if (path || ++i == *argc || !*argv[i]) {
            fputs("usage: mms COMMAND --env-file FILE …\n", stderr);
            return EXIT_USAGE_ERROR;
        }
        path = argv[i];
    }
    *argc = kept;
    argv[kept] = NULL;
    if (!path)
        return EXIT_OK;
    arena_init(&arena);
    env_path = path;
    return read_file(&(struct reading){&arena, &variables}, path);
}

bool env_file_is_used(void)
{
    return env_path != NULL;
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value && !text_is_blank(value);
}

bool env_file_read_again(struct arena *a, const char *const *names, const char **values)
{
    struct env_text text = {0};

    if (env_path && read_file(&(struct reading){a, &text}, env_path) != EXIT_OK)
        return false;
    for (size_t i = 0; names[i]; i++)
        values[i] = is_set(names[i]) ? getenv(names[i]) : env_text_get(&text, names[i]);
    return true;
}

const char *env_file_get(const char *name)
{
    const char *value = getenv(name), *of_file = env_text_get(&variables, name);

    return is_set(name) || !of_file ? value : of_file;
}
