#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/notify.h"

static char dir[64];

static int begin(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/mms-notify-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    return rmdir(dir);
}

/* A socket of this name, as systemd has it; '@': the abstract name space. */
static int listen_at(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t len = strlen(name);
    memcpy(at.sun_path, name, len);
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)), 0);
    return fd;
}

static void assert_arrives(const char *name)
{
    char got[64];
    int fd = listen_at(name);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_true(notify_send("READY=1"));
    assert_int_equal(recv(fd, got, sizeof got, MSG_DONTWAIT), 7);
    assert_memory_equal(got, "READY=1", 7);
    close(fd);
}

static void arrives(void **state)
{
    char name[128];
    (void)state;
    snprintf(name, sizeof name, "%s/socket", dir);
    assert_arrives(name);
    unlink(name);
    snprintf(name, sizeof name, "@%s/socket", dir);
    assert_arrives(name);
}

static void without_a_socket_nobody_waits(void **state)
{
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    assert_true(notify_send("READY=1"));
}

static void what_cannot_be_told(void **state)
{
    char name[128], *long_name = calloc(1, 400);
    (void)state;
    snprintf(name, sizeof name, "%s/nobody", dir);
    setenv("NOTIFY_SOCKET", name, 1);
    assert_false(notify_send("READY=1"));
    assert_int_equal(errno, ENOENT);
    memset(long_name, '/', 399);
    const char *const bad[] = {"", "relative", long_name};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        assert_false(notify_send("READY=1"));
        assert_int_equal(errno, EINVAL);
    }
    free(long_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arrives, begin, end),
        cmocka_unit_test_setup_teardown(without_a_socket_nobody_waits, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_told, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
