#include "crypto/age.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/settings_check.h"
#include "base/text.h"
#include "crypto/token.h"

#define PIECE_BYTES (64 * 1024)
#define SILENT_MS 30000 /* it neither takes nor gives anything for so long: it hangs */

extern char **environ;

/* ---------------------------------------------------------------- recipients */

/* The words of age's command line, and the room that they lie in. */
struct command {
    const char *words[8 + 2 * SETTING_RECIPIENTS_MAX];
    size_t count;
    char room[SETTING_RECIPIENTS_BYTES];
};

static void add_word(struct command *c, const char *word)
{
    c->words[c->count++] = word;
}

/* Each as `--recipient TEXT`, so that none is taken for an option. */
static bool add_recipients(struct command *c, const char *recipients)
{
    char *rest = c->room, *one;
    if (!setting_is_recipients(recipients))
        return false;
    memcpy(c->room, recipients, strlen(recipients) + 1);
    while ((one = strsep(&rest, ",")) != NULL) {
        one += strspn(one, " ");
        for (char *end = one + strlen(one); end > one && end[-1] == ' ';)
            *--end = '\0';
        add_word(c, "--recipient");
        add_word(c, one);
    }
    return true;
}

void age_name(const char *recipients, char out[static AGE_NAME_MAX])
{
    char hash[HASH_HEX_MAX];
    hash_hex(recipients, strlen(recipients), hash);
    snprintf(out, AGE_NAME_MAX, "%.16s", hash);
}

/* ---------------------------------------------------------------- starting it */

/* actions NULL: it has our standard input and outputs. 0, or an errno: ENOENT as well when what there is of that name is no program, such
 * as the /dev/null that stands for it in a container (docker-compose.prod.yml). */
static int start(struct command *c, const posix_spawn_file_actions_t *actions, pid_t *child)
{
    posix_spawnattr_t attr;
    sigset_t none, broken;
    union {
        const char *const *given;
        char *const *wanted;
    } words = {.given = c->words}; /* posix_spawn changes none of them */
    add_word(c, NULL);
    sigemptyset(&none);
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &broken);
    int why = posix_spawnp(child, c->words[0], actions, &attr, words.wanted, environ);
    posix_spawnattr_destroy(&attr);
    return why == EACCES ? ENOENT : why;
}

static bool ended_well(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    errno = EIO;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool run(struct command *c)
{
    pid_t child;
    errno = start(c, NULL, &child);
    return errno == 0 && ended_well(child);
}

bool age_encrypt(const char *recipients, const char *from, const char *to)
{
    struct command c = {.words = {"age", "--encrypt", "--output", to}, .count = 4};
    errno = EINVAL;
    if (!add_recipients(&c, recipients))
        return false;
    add_word(&c, from);
    return run(&c);
}

bool age_decrypt(const char *identity_file, const char *from, const char *to)
{
    struct command c = {.words = {"age", "--decrypt", "--identity", identity_file, "--output", to, from}, .count = 7};
    return run(&c);
}

/* ---------------------------------------------------------------- a stream */

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* A socket instead of a pipe: writing to one whose reader is gone is an error there, and no signal. */
static bool begin(struct age_stream *s, struct command *c)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    posix_spawn_file_actions_t actions;
    s->said[0] = '\0';
    s->why = 0;
    bool opened = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0;
    int why = opened ? 0 : errno;
    if (opened) {
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, in[1], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
        why = start(c, &actions, &s->child);
        posix_spawn_file_actions_destroy(&actions);
    }
    shut(&in[1]);
    shut(&out[1]);
    shut(&err[1]);
    s->in = in[0];
    s->out = out[0];
    s->err = err[0];
    if (why == 0)
        return true;
    shut(&s->in);
    shut(&s->out);
    shut(&s->err);
    errno = why;
    return false;
}

bool age_seal_begin(struct age_stream *s, const char *recipients)
{
    struct command c = {.words = {"age", "--encrypt"}, .count = 2};
    errno = EINVAL;
    return add_recipients(&c, recipients) && begin(s, &c);
}

bool age_open_begin(struct age_stream *s, const char *identity_file)
{
    struct command c = {.words = {"age", "--decrypt", "--identity", identity_file}, .count = 4};
    return begin(s, &c);
}

static void give_up(struct age_stream *s, int why)
{
    if (!s->why)
        s->why = why ? why : EIO;
}

/* As much as it takes now. */
static void give(struct age_stream *s, const char **bytes, size_t *n)
{
    ssize_t put = send(s->in, *bytes, *n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put > 0) {
        *bytes += put;
        *n -= (size_t)put;
    } else if (put < 0 && errno != EAGAIN && errno != EINTR)
        give_up(s, EIO); /* it has ended, and says why elsewhere */
}

static void receive(struct age_stream *s)
{
    char piece[PIECE_BYTES];
    ssize_t got = read(s->out, piece, sizeof piece);
    if (got == 0 || (got < 0 && errno != EINTR))
        shut(&s->out);
    else if (got > 0 && !s->why && !s->take(s->arg, piece, (size_t)got))
        give_up(s, errno);
}

static void listen_to(struct age_stream *s)
{
    char piece[PIECE_BYTES];
    size_t n = strlen(s->said);
    ssize_t got = read(s->err, piece, sizeof piece);
    if (got == 0 || (got < 0 && errno != EINTR))
        shut(&s->err);
    else if (got > 0)
        snprintf(s->said + n, sizeof s->said - n, "%.*s", (int)got, piece);
}

/* Until all is given (n > 0), or until it has closed its outputs. */
static void pump(struct age_stream *s, const char *bytes, size_t n)
{
    bool giving = n > 0;
    while (giving ? n > 0 && !s->why : s->out >= 0 || s->err >= 0) {
        struct pollfd at[3] = {{.fd = giving ? s->in : -1, .events = POLLOUT}, {.fd = s->out, .events = POLLIN}, {.fd = s->err, .events = POLLIN}};
        int ready = poll(at, 3, SILENT_MS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0) {
            give_up(s, ready == 0 ? ETIMEDOUT : errno);
            kill(s->child, SIGKILL);
            return;
        }
        if (at[1].revents)
            receive(s);
        if (at[2].revents)
            listen_to(s);
        if (at[0].revents)
            give(s, &bytes, &n);
    }
}

bool age_add(struct age_stream *s, const void *bytes, size_t n)
{
    if (n > 0)
        pump(s, bytes, n);
    return s->why == 0;
}

/* "age: error: no identity matched any of the recipients" and where to report what does not help: what is between. */
static void tidy(struct age_stream *s)
{
    static const char *const heads[] = {"age: ", "error: "};
    s->said[strcspn(s->said, "\n")] = '\0';
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (text_starts(s->said, heads[i]))
            memmove(s->said, s->said + strlen(heads[i]), strlen(s->said + strlen(heads[i])) + 1);
    for (char *at = s->said; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7F)
            *at = ' ';
    const char *reason = s->why ? strerrordesc_np(s->why) : NULL;
    if (!s->said[0])
        snprintf(s->said, sizeof s->said, "%s", reason ? reason : "it ended early");
}

bool age_end(struct age_stream *s)
{
    shut(&s->in);
    if (s->why != ETIMEDOUT)
        pump(s, NULL, 0);
    shut(&s->out);
    shut(&s->err);
    if (!ended_well(s->child))
        give_up(s, EIO);
    if (!s->why)
        return true;
    tidy(s);
    errno = s->why;
    return false;
}

void age_drop(struct age_stream *s)
{
    kill(s->child, SIGKILL);
    shut(&s->in);
    shut(&s->out);
    shut(&s->err);
    ended_well(s->child);
}

/* ---------------------------------------------------------------- the whole at once */

static bool add_to_buf(void *arg, const void *bytes, size_t n)
{
    struct buf *out = arg;
    buf_add(out, bytes, n);
    errno = EFBIG;
    return !out->overflow;
}

static bool whole(struct age_stream *s, bool begun, const void *bytes, size_t n, char said[static AGE_SAID_MAX])
{
    if (begun) {
        age_add(s, bytes, n);
        if (age_end(s))
            return true;
        snprintf(said, AGE_SAID_MAX, "%s", s->said);
        return false;
    }
    int why = errno;
    snprintf(said, AGE_SAID_MAX, "%s", why == ENOENT ? AGE_MISSING : strerrordesc_np(why));
    errno = why;
    return false;
}

bool age_seal(const char *recipients, const void *bytes, size_t n, struct buf *out, char said[static AGE_SAID_MAX])
{
    struct age_stream s = {.take = add_to_buf, .arg = out};
    return whole(&s, age_seal_begin(&s, recipients), bytes, n, said);
}

bool age_open(const char *identity_file, const void *bytes, size_t n, struct buf *out, char said[static AGE_SAID_MAX])
{
    struct age_stream s = {.take = add_to_buf, .arg = out};
    return whole(&s, age_open_begin(&s, identity_file), bytes, n, said);
}
