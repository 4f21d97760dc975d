/* mms doctor asks git and the container engine. Programs are started without a shell, with fixed words and names that cannot be taken for
 * options. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "ops/doctor.h"

extern char **environ;

#define FILE_MAX (64 << 10)
#define MB 1000000

/* ---------------------------------------------------------------- running */

static bool spawn(const char *const argv[], pid_t *child, int *out)
{
    int ends[2];
    posix_spawn_file_actions_t files;
    union {
        const char *const *given;
        char *const *wanted;
    } words = {.given = argv}; /* posix_spawn changes none of them */
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int why = posix_spawnp(child, argv[0], &files, NULL, words.wanted, environ);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    if (why != 0)
        close(ends[0]);
    *out = ends[0];
    return why == 0;
}

/* Until the end of its output; false: it says too much, or takes too long. */
static bool read_all(int fd, struct buf *into)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)DOCTOR_RUNS_WITHIN_MS * 1000;
    for (char bytes[4096];;) {
        int64_t left_us = until_us - clock_monotonic_us();
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int found = left_us > 0 ? poll(&ready, 1, (int)(left_us / 1000) + 1) : 0;
        if (found < 0 && errno == EINTR)
            continue;
        ssize_t n = found > 0 ? read(fd, bytes, sizeof bytes) : -1;
        if (n <= 0)
            return n == 0;
        buf_add(into, bytes, (size_t)n);
        if (into->overflow)
            return false;
    }
}

void doctor_run(struct doctor *d, const char *const argv[], struct doctor_ran *out)
{
    pid_t child;
    int fd, status = 0;
    struct buf text;
    *out = (struct doctor_ran){.code = -1, .out = ""};
    if (!spawn(argv, &child, &fd))
        return;
    buf_init(&text, DOCTOR_RUN_OUTPUT_MAX);
    bool whole = read_all(fd, &text);
    close(fd);
    if (!whole)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (whole && WIFEXITED(status))
        out->code = WEXITSTATUS(status);
    size_t n = text.n;
    while (n > 0 && text.bytes[n - 1] == '\n')
        n--;
    out->out = arena_copy(d->arena, buf_text(&text), n);
    buf_free(&text);
}

#define RUN(D, OUT, ...) doctor_run((D), (const char *const[]){__VA_ARGS__, NULL}, (OUT))

/* A small file's text without white space around it; NULL: there is none. */
static const char *read_file(struct doctor *d, const char *path)
{
    char bytes[FILE_MAX];
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return text_is_utf8(bytes, n) ? text_trim(d->arena, arena_copy(d->arena, bytes, n)) : NULL;
}

/* The last lines of a file that may be long; NULL: it cannot be read. */
static const char *read_end(struct doctor *d, const char *path)
{
    char bytes[FILE_MAX];
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    if (fseek(f, -(long)sizeof bytes, SEEK_END) != 0)
        rewind(f); /* it is shorter */
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return arena_copy(d->arena, bytes, n);
}

/* ---------------------------------------------------------------- git */

void doctor_committed(struct doctor *d)
{
    struct doctor_ran head, changed, env;
    const char *project = d->options.project;
    RUN(d, &head, "git", "-C", project, "rev-parse", "--short=12", "HEAD");
    RUN(d, &changed, "git", "-C", project, "status", "--porcelain");
    RUN(d, &env, "git", "-C", project, "ls-files", "--", ".env", "nginx/ssl/key.pem");
    if (head.code != 0)
        doctor_not_applicable(d, "--project FOLDER", "%s 不是 git 检出目录 / is no checkout of git", project);
    else if (changed.code != 0 || *changed.out)
        doctor_failed(d, "git add … && git commit", "%s 之后有未提交的改动 / changes that are not committed: %s", head.out, text_shorten(d->arena, changed.out, 200));
    else if (env.code != 0 || *env.out)
        doctor_failed(d, "git rm --cached .env", "密钥文件在版本库中 / secrets are in the repository: %s", env.out);
    else
        doctor_ok(d, "%s，没有未提交的改动 / nothing uncommitted", head.out);
}

/* ---------------------------------------------------------------- the container engine */

bool doctor_engine(struct doctor *d)
{
    static const char mend[] = "apt-get install docker.io; export DOCKER_HOST=…";
    struct doctor_ran ran;
    RUN(d, &ran, "docker", "version", "--format", "{{.Server.Version}}");
    if (ran.code == 0 && *ran.out)
        return true;
    if (d->options.require_engine)
        doctor_failed(d, mend, "此处没有容器引擎 / no container engine answers here");
    else
        doctor_not_applicable(d, mend, "此处没有容器引擎 / no container engine answers here");
    return false;
}

/* What the engine knows of a container or an image; NULL: there is none of that name. */
static const struct json *inspect(struct doctor *d, const char *kind, const char *name)
{
    struct doctor_ran ran;
    struct json_fault fault;
    RUN(d, &ran, "docker", kind, "inspect", "--", name);
    const struct json *list = ran.code == 0 ? json_parse(d->arena, ran.out, strlen(ran.out), &fault) : NULL;
    return list && list->type == JSON_ARRAY ? list->first : NULL;
}

static const struct json *at(const struct json *v, const char *first, const char *second)
{
    v = json_member(v, first);
    return second ? json_member(v, second) : v;
}

static const char *text_at(const struct json *v, const char *first, const char *second)
{
    v = at(v, first, second);
    return v && v->type == JSON_STRING ? v->text : "";
}

static int64_t number_at(const struct json *v, const char *first, const char *second)
{
    int64_t n = 0;
    v = at(v, first, second);
    return v && json_to_int(v, &n) ? n : 0;
}

/* ---------------------------------------------------------------- images */

/* Which images: --tag, what scripts/build-images.sh has written down, MMS_VERSION. NULL: nothing says so. */
static const char *find_tag(struct doctor *d)
{
    const char *tag = d->options.tag;
    if (!tag)
        tag = read_file(d, arena_fmt(d->arena, "%s/build-images/tag", d->options.project));
    if (!tag || !*tag)
        tag = getenv("MMS_VERSION");
    return tag && *tag ? tag : NULL;
}

static const char *reference(struct doctor *d, const char *image, const char *tag)
{
    const char *registry = getenv("MMS_REGISTRY");
    return arena_fmt(d->arena, "%s%s:%s", registry ? registry : "", image, tag);
}

/* True: *name and *found are an image of the engine here. */
static bool find_image(struct doctor *d, const char *image, const char **name, const struct json **found)
{
    const char *tag = find_tag(d);
    if (!doctor_engine(d))
        return false;
    if (!tag) {
        doctor_failed(d, "scripts/build-images.sh", "没有说明镜像的标签 / nothing says which tag: --tag, build-images/tag, MMS_VERSION");
        return false;
    }
    *name = reference(d, image, tag);
    *found = inspect(d, "image", *name);
    if (!*found)
        doctor_failed(d, "scripts/build-images.sh   (或 / or docker pull)", "没有这个镜像 / there is no such image: %s", *name);
    return *found != NULL;
}

/* By its USER: a number that is not 0, or a name other than root. */
static bool is_root(const char *user)
{
    return !*user || text_equal(user, "0") || text_starts(user, "0:") || text_equal(user, "root") || text_starts(user, "root:");
}

/* HEALTHCHECK NONE takes away what an image is made from has. */
static bool has_check(const struct json *image)
{
    const struct json *test = at(at(image, "Config", "Healthcheck"), "Test", NULL);
    return test && test->first && test->first->type == JSON_STRING && !text_equal(test->first->text, "NONE");
}

static void look_at_image(struct doctor *d, const char *image, int64_t limit_mb, bool is_service)
{
    const char *name;
    const struct json *found;
    if (!find_image(d, image, &name, &found))
        return;
    int64_t bytes = number_at(found, "Size", NULL);
    const struct json *config = at(found, "Config", NULL), *ports = at(config, "ExposedPorts", NULL);
    const char *user = text_at(config, "User", NULL), *size = arena_fmt(d->arena, "%lld.%lld MB", (long long)(bytes / MB), (long long)(bytes / (MB / 10) % 10));
    if (bytes <= 0 || bytes >= limit_mb * MB)
        doctor_failed(d, "scripts/build-images.sh --no-cache", "%s: %s，应小于 / should be below %lld MB", name, size, (long long)limit_mb);
    else if (is_root(user))
        doctor_failed(d, is_service ? "backend/Dockerfile: USER 1001:1001" : "frontend/Dockerfile: USER", "%s 以 root 运行 / runs as root", name);
    else if (!has_check(found))
        doctor_failed(d, "Dockerfile: HEALTHCHECK", "%s 没有健康检查 / has no health check", name);
    else if (!ports || !json_member(ports, is_service ? "3000/tcp" : "80/tcp"))
        doctor_failed(d, "Dockerfile: EXPOSE", "%s 没有开放应有的端口 / does not expose its port", name);
    else
        doctor_ok(d, "%s: %s，用户 %s，有健康检查 / user %s, with a health check", name, size, user, user);
}

void doctor_image_backend(struct doctor *d)
{
    look_at_image(d, "mms-backend", DOCTOR_BACKEND_MB, true);
}

void doctor_image_frontend(struct doctor *d)
{
    look_at_image(d, "mms-frontend", DOCTOR_FRONTEND_MB, false);
}

/* scripts/try-images.sh notes which images it has tried to the end: their ids, of the service's and the page's. */
void doctor_tried(struct doctor *d)
{
    const char *names[2], *ids[2];
    const struct json *found;
    static const char *const images[] = {"mms-backend", "mms-frontend"};
    for (size_t i = 0; i < 2; i++) {
        if (!find_image(d, images[i], &names[i], &found))
            return;
        ids[i] = text_at(found, "Id", NULL);
    }
    const char *noted = read_file(d, arena_fmt(d->arena, "%s/build-images/tried", d->options.project));
    if (!noted)
        doctor_failed(d, "scripts/try-images.sh", "没有试运行的记录 / no trial is noted: build-images/tried");
    else if (!strstr(noted, ids[0]) || !strstr(noted, ids[1]))
        doctor_failed(d, "scripts/try-images.sh", "试运行的是其他镜像 / other images were tried than %s", names[0]);
    else
        doctor_ok(d, "%s, %s", names[0], names[1]);
}

void doctor_registry(struct doctor *d)
{
    static const char *const images[] = {"mms-backend", "mms-frontend"};
    const char *registry = getenv("MMS_REGISTRY"), *tag = find_tag(d);
    struct doctor_ran ran;
    if (!registry || !*registry) {
        doctor_not_applicable(d, "export MMS_REGISTRY=registry.cn-hangzhou.aliyuncs.com/NAMESPACE/", "MMS_REGISTRY 未设置 / is not set");
        return;
    }
    if (!doctor_engine(d))
        return;
    if (!tag) {
        doctor_failed(d, "--tag TAG", "没有说明镜像的标签 / nothing says which tag");
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        const char *name = reference(d, images[i], tag);
        RUN(d, &ran, "docker", "manifest", "inspect", "--insecure", "--", name);
        if (ran.code != 0 || !strstr(ran.out, "schemaVersion")) {
            doctor_failed(d, arena_fmt(d->arena, "docker login && docker push %s", name), "仓库中没有 / not in the registry: %s", name);
            return;
        }
    }
    doctor_ok(d, "%s…:%s", registry, tag);
}

/* ---------------------------------------------------------------- containers */

static const char *const containers[] = {"mms-backend-prod", "mms-frontend-prod", "mms-nginx-prod"};
#define CONTAINER_COUNT (sizeof containers / sizeof *containers)
static const char start_them[] = "docker-compose -f docker-compose.prod.yml up -d; docker logs NAME";

void doctor_containers(struct doctor *d)
{
    if (!doctor_engine(d))
        return;
    for (size_t i = 0; i < CONTAINER_COUNT; i++) {
        const struct json *c = inspect(d, "container", containers[i]);
        const char *status = text_at(at(c, "State", NULL), "Status", NULL), *health = text_at(at(c, "State", NULL), "Health", "Status");
        if (!c) {
            doctor_failed(d, start_them, "没有容器 / there is no container %s", containers[i]);
            return;
        }
        if (!text_equal(status, "running") || !text_equal(health, "healthy")) {
            doctor_failed(d, start_them, "%s: %s, %s", containers[i], status, *health ? health : "没有健康检查 / no health check");
            return;
        }
        const char *restart = text_at(at(c, "HostConfig", "RestartPolicy"), "Name", NULL);
        if (!*restart || text_equal(restart, "no")) {
            doctor_failed(d, "docker-compose.prod.yml: restart: always", "%s 不会自动重启 / is not started again by itself", containers[i]);
            return;
        }
    }
    doctor_ok(d, "%zu 个容器均 healthy，自动重启 / containers, all healthy, started again by themselves", CONTAINER_COUNT);
}

/* ---------------------------------------------------------------- logs */

/* Without containers, the service rotates its own: as long as there is a folder for it. */
static void look_at_folder(struct doctor *d)
{
    struct stat st;
    const char *folder = d->settings.log_dir;
    const char *file = arena_fmt(d->arena, "%s/mms.log", folder), *oldest = arena_fmt(d->arena, "%s.%lld", file, (long long)d->settings.log_keep + 1);
    /* A line may pass the limit before the file is put aside; twice of it is none that is being rotated. */
    if (stat(file, &st) != 0)
        doctor_failed(d, "LOG_DIR=…", "%s: %s", file, strerrordesc_np(errno));
    else if (st.st_size > 2 * d->settings.log_max_size)
        doctor_failed(d, "kill -HUP …", "%s: %lld 字节，应在 %lld 轮换 / bytes, should be put aside at that", file, (long long)st.st_size, (long long)d->settings.log_max_size);
    else if (access(oldest, F_OK) == 0)
        doctor_failed(d, "LOG_KEEP", "%s 应已删除 / should be gone", oldest);
    else
        doctor_ok(d, "%s: %lld 字节轮换，保留 %lld 个 / put aside at so many bytes, %lld are kept", file, (long long)d->settings.log_max_size,
                  (long long)d->settings.log_keep, (long long)d->settings.log_keep);
}

static void look_at_drivers(struct doctor *d)
{
    const char *seen = "";
    for (size_t i = 0; i < CONTAINER_COUNT; i++) {
        const struct json *c = inspect(d, "container", containers[i]), *log = at(c, "HostConfig", "LogConfig");
        const char *driver = text_at(log, "Type", NULL), *size = text_at(log, "Config", "max-size"), *files = text_at(log, "Config", "max-file");
        if (!c) {
            doctor_failed(d, start_them, "没有容器 / there is no container %s", containers[i]);
            return;
        }
        if (text_equal(driver, "json-file") && (!*size || !*files || text_equal(files, "1"))) {
            doctor_failed(d, "docker-compose.prod.yml: logging: { driver: json-file, options: { max-size: 10m, max-file: \"3\" } }",
                          "%s: json-file 没有轮换 / is not rotated (max-size %s, max-file %s)", containers[i], *size ? size : "-", *files ? files : "-");
            return;
        }
        if (text_equal(driver, "none") || !*driver) {
            doctor_failed(d, "docker-compose.prod.yml: logging", "%s: 日志驱动 / driver %s", containers[i], *driver ? driver : "-");
            return;
        }
        seen = arena_fmt(d->arena, "%s %s × %s", driver, size, files);
    }
    doctor_ok(d, "%s", seen);
}

void doctor_log_rotation(struct doctor *d)
{
    if (d->settings.log_dir)
        look_at_folder(d);
    else if (doctor_engine(d))
        look_at_drivers(d);
}

/* The service writes one JSON object a line; the last of them must be one of its events. */
static bool has_entries(struct doctor *d, const char *text)
{
    const char *last = NULL;
    struct json_fault fault;
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (*line == '{')
            last = line;
    const struct json *entry = last ? json_parse(d->arena, last, strcspn(last, "\n"), &fault) : NULL;
    return entry && json_member(entry, "event");
}

void doctor_logs(struct doctor *d)
{
    struct doctor_ran ran;
    const char *from = containers[0], *text = NULL;
    if (d->settings.log_dir) {
        from = arena_fmt(d->arena, "%s/mms.log", d->settings.log_dir);
        text = read_end(d, from);
    } else if (doctor_engine(d)) {
        RUN(d, &ran, "docker", "logs", "--tail", "20", "--", from);
        text = ran.code == 0 ? ran.out : NULL;
    } else
        return;
    if (text && has_entries(d, text))
        doctor_ok(d, "%s", from);
    else
        doctor_failed(d, "docker logs mms-backend-prod; LOG_DIR", "%s 中没有日志 / holds no entries", from);
}
