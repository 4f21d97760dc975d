/* mms doctor: the machine, its names, ports and certificates. */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/text.h"
#include "ops/doctor.h"

#define ADDRESS_TEXT_MAX (INET6_ADDRSTRLEN + IF_NAMESIZE + 1)
#define PORT_ANSWERS_WITHIN_MS 3000

/* ---------------------------------------------------------------- the machine */

/* How full the file system of `path` is, in percent of what users may fill; -1: there is no such path. */
static int fullness(const char *path)
{
    struct statvfs fs;
    if (!path || statvfs(path, &fs) != 0)
        return -1;
    uint64_t used = fs.f_blocks - fs.f_bfree, room = used + fs.f_bavail;
    return room ? (int)((used * 100 + room - 1) / room) : 100;
}

void doctor_machine(struct doctor *d)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    int processors = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    int64_t memory_mb = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / (1024 * 1024);
    const char *data = d->settings.database_url ? d->settings.upload_dir : d->settings.db_path;
    const char *const places[] = {data, d->settings.upload_dir, d->settings.backup_dir};
    int fullest = -1;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        int percent = fullness(places[i]);
        if (percent > DOCTOR_DISK_PERCENT) {
            doctor_failed(d, arena_fmt(d->arena, "df -h %s", places[i]), "%s 所在磁盘已用 %d%% / its disk is so full", places[i], percent);
            return;
        }
        fullest = percent > fullest ? percent : fullest;
    }
    if (processors < DOCTOR_PROCESSORS || memory_mb < DOCTOR_MEMORY_MB)
        doctor_failed(d, "ECS: 2 核 4 GB 或更多 / 2 processors and 4 GB, or more", "%d 核，%lld MB / processors, memory", processors, (long long)memory_mb);
    else if (fullest < 0)
        doctor_failed(d, "DB_PATH, UPLOAD_DIR", "数据目录不存在 / the folder of the data is not there: %s", data);
    else
        doctor_ok(d, "%d 核，%lld MB，磁盘已用 %d%% / processors, memory, disk in use", processors, (long long)memory_mb, fullest);
}

void doctor_instance(struct doctor *d)
{
    struct doctor_answer id, type;
    doctor_get(d, arena_fmt(d->arena, "%s/latest/meta-data/instance-id", d->options.metadata), NULL, &id);
    doctor_get(d, arena_fmt(d->arena, "%s/latest/meta-data/instance/instance-type", d->options.metadata), NULL, &type);
    if (id.status == 401 || id.status == 403)
        doctor_failed(d, "ECS 控制台：实例元数据访问 / the console: access to metadata", "%s: %s", d->options.metadata, doctor_shown(d, &id));
    else if (id.status != 200 || !text_starts(id.body, "i-"))
        doctor_not_applicable(d, "在 ECS 实例上运行 / run it on the instance", "本机不是 ECS 实例 / this is no ECS instance: %s: %s", d->options.metadata, doctor_shown(d, &id));
    else
        doctor_ok(d, "%s %s", text_shorten(d->arena, text_trim(d->arena, id.body), 40),
                  type.status == 200 ? text_shorten(d->arena, text_trim(d->arena, type.body), 40) : "");
}

/* ---------------------------------------------------------------- addresses */

static bool print_address(const struct sockaddr *a, char text[static ADDRESS_TEXT_MAX])
{
    socklen_t n = a->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    return (a->sa_family == AF_INET || a->sa_family == AF_INET6) && getnameinfo(a, n, text, ADDRESS_TEXT_MAX, NULL, 0, NI_NUMERICHOST) == 0;
}

/* One of this machine's interfaces other than the loopback has it, or --public-address says so. */
static bool is_here(struct doctor *d, const char *address)
{
    struct ifaddrs *all = NULL;
    bool found = false;
    char text[ADDRESS_TEXT_MAX];
    for (size_t i = 0; d->options.addresses[i]; i++)
        found = found || text_equal(address, d->options.addresses[i]);
    if (getifaddrs(&all) != 0)
        return found;
    for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next)
        found = one->ifa_addr && !(one->ifa_flags & IFF_LOOPBACK) && print_address(one->ifa_addr, text) && text_equal(text, address);
    freeifaddrs(all);
    return found;
}

static bool look_at_name(struct doctor *d, const char *name, const char **seen)
{
    struct addrinfo *list = NULL, wanted = {.ai_socktype = SOCK_STREAM};
    char text[ADDRESS_TEXT_MAX];
    int why = getaddrinfo(name, NULL, &wanted, &list);
    if (why != 0) {
        doctor_failed(d, arena_fmt(d->arena, "DNS: A %s", name), "%s 不能解析 / does not resolve: %s", name, gai_strerror(why));
        return false;
    }
    bool good = true;
    for (const struct addrinfo *one = list; one && good; one = one->ai_next) {
        good = print_address(one->ai_addr, text) && is_here(d, text);
        *seen = arena_fmt(d->arena, "%s%s%s -> %s", *seen, **seen ? ", " : "", name, text);
        if (!good)
            doctor_failed(d, arena_fmt(d->arena, "DNS: A %s   (--public-address)", name), "%s -> %s 不是本机 / is not here", name, text);
    }
    freeaddrinfo(list);
    return good;
}

void doctor_dns(struct doctor *d)
{
    const char *seen = "";
    if (!d->options.domains[0])
        doctor_not_applicable(d, "--domain NAME", "没有给出域名 / no name was given");
    for (size_t i = 0; d->options.domains[i]; i++)
        if (!look_at_name(d, d->options.domains[i], &seen))
            return;
    if (d->options.domains[0])
        doctor_ok(d, "%s", seen);
}

/* ---------------------------------------------------------------- ports */

enum port_state { PORT_OPEN, PORT_CLOSED, PORT_UNKNOWN };

static enum port_state connect_to(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error = 0;
    socklen_t size = sizeof error;
    if (fd < 0)
        return PORT_UNKNOWN;
    enum port_state state = PORT_CLOSED;
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        state = PORT_OPEN;
    else if (errno == EINPROGRESS) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        if (poll(&ready, 1, PORT_ANSWERS_WITHIN_MS) == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
            state = PORT_OPEN;
    }
    close(fd);
    return state;
}

static enum port_state look_at_port(const char *address, int64_t port)
{
    struct addrinfo *list = NULL, wanted = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    char text[8];
    snprintf(text, sizeof text, "%lld", (long long)port);
    if (getaddrinfo(address, text, &wanted, &list) != 0)
        return PORT_UNKNOWN;
    enum port_state state = connect_to(list);
    freeaddrinfo(list);
    return state;
}

/* As seen from here: what a rule for others lets through is for who asks from elsewhere. */
static bool look_at_address(struct doctor *d, const char *address)
{
    const int64_t open[] = {d->options.http_port, d->options.https_port};
    /* The service itself, PostgreSQL, the container engine, and what else is often forgotten. */
    const int64_t closed[] = {d->settings.port, 3000, 5432, 2375, 2376, 3306, 6379, 9090};
    for (size_t i = 0; i < 2; i++)
        if (look_at_port(address, open[i]) != PORT_OPEN) {
            doctor_failed(d, "安全组入方向 / security group, inbound: TCP 80, 443; docker ps", "%s:%lld 没有开放 / is not open", address, (long long)open[i]);
            return false;
        }
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        if (closed[i] != open[0] && closed[i] != open[1] && look_at_port(address, closed[i]) != PORT_CLOSED) {
            doctor_failed(d, "安全组：删除此端口的规则 / security group: no rule for this port", "%s:%lld 不应开放 / should not be open", address, (long long)closed[i]);
            return false;
        }
    return true;
}

void doctor_ports(struct doctor *d)
{
    if (!d->options.addresses[0])
        doctor_not_applicable(d, "--public-address ADDRESS", "没有给出公网地址 / no public address was given");
    for (size_t i = 0; d->options.addresses[i]; i++)
        if (!look_at_address(d, d->options.addresses[i]))
            return;
    if (d->options.addresses[0])
        doctor_ok(d, "%lld、%lld 开放，服务、数据库与容器引擎的端口不开放（从本机看）/ open; those of service, database and engine are not (as seen from here)",
                  (long long)d->options.http_port, (long long)d->options.https_port);
}

/* ---------------------------------------------------------------- certificates */

static const char get_certificate[] = "证书 / a certificate: nginx/ssl/cert.pem, key.pem; docker exec mms-nginx-prod nginx -e stderr -s reload";

struct shown {
    X509 *leaf;
    STACK_OF(X509) *between; /* what stands between it and the root */
    long days;               /* that are left, rounded down */
    const char *until;
};

static void shown_free(struct shown *s)
{
    X509_free(s->leaf);
    sk_X509_pop_free(s->between, X509_free);
}

static bool read_pem(struct doctor *d, BIO *from, struct shown *out)
{
    int days = 0, seconds = 0;
    char text[64] = "";
    out->leaf = from ? PEM_read_bio_X509(from, NULL, NULL, NULL) : NULL;
    out->between = sk_X509_new_null();
    for (X509 *one; out->leaf && out->between && (one = PEM_read_bio_X509(from, NULL, NULL, NULL));)
        if (sk_X509_push(out->between, one) == 0)
            X509_free(one);
    BIO_free(from);
    ERR_clear_error(); /* the end of the file is one */
    if (!out->leaf || !ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(out->leaf)))
        return false;
    out->days = days - (seconds < 0); /* both have one sign */
    BIO *print = BIO_new(BIO_s_mem());
    if (print && ASN1_TIME_print(print, X509_get0_notAfter(out->leaf)) == 1 && BIO_read(print, text, (int)sizeof text - 1) > 0)
        out->until = arena_dup(d->arena, text);
    BIO_free(print);
    return out->until != NULL;
}

/* Believed by the system's authorities or --ca; "" when it is. */
static const char *distrust(struct doctor *d, const struct shown *s)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *c = X509_STORE_CTX_new();
    const char *why = "OpenSSL";
    if (store && c && X509_STORE_set_default_paths(store) == 1 && (!d->options.ca || X509_STORE_load_file(store, d->options.ca) == 1) &&
        X509_STORE_CTX_init(c, store, s->leaf, s->between) == 1)
        why = X509_verify_cert(c) == 1 ? "" : X509_verify_cert_error_string(X509_STORE_CTX_get_error(c));
    X509_STORE_CTX_free(c);
    X509_STORE_free(store);
    ERR_clear_error();
    return why;
}

static bool is_for_names(struct doctor *d, const struct shown *s, const char *where)
{
    for (size_t i = 0; d->options.domains[i]; i++)
        if (X509_check_host(s->leaf, d->options.domains[i], 0, 0, NULL) != 1) {
            doctor_failed(d, get_certificate, "%s 不含域名 / is not for the name %s", where, d->options.domains[i]);
            return false;
        }
    return true;
}

/* Good for all names, believed, and for long enough. */
static bool is_good(struct doctor *d, const struct shown *s, const char *where)
{
    if (s->days <= DOCTOR_CERTIFICATE_DAYS) {
        doctor_failed(d, get_certificate, "%s 剩余 %ld 天（至 %s），须大于 %d 天 / days left, more than %d are wanted", where, s->days, s->until, DOCTOR_CERTIFICATE_DAYS,
                      DOCTOR_CERTIFICATE_DAYS);
        return false;
    }
    const char *why = distrust(d, s);
    if (*why) {
        doctor_failed(d, get_certificate, "%s 不受信任 / is not believed: %s", where, why);
        return false;
    }
    return is_for_names(d, s, where);
}

/* key.pem beside the certificate, where this user may read it. */
static bool key_fits(struct doctor *d, const struct shown *s)
{
    const char *file = d->options.certificate, *slash = strrchr(file, '/');
    const char *path = slash ? arena_fmt(d->arena, "%.*s/key.pem", (int)(slash - file), file) : "key.pem";
    BIO *from = BIO_new_file(path, "r");
    EVP_PKEY *key = from ? PEM_read_bio_PrivateKey(from, NULL, NULL, (void *)(uintptr_t)"") : NULL;
    bool fits = !from || (key && X509_check_private_key(s->leaf, key) == 1);
    EVP_PKEY_free(key);
    BIO_free(from);
    ERR_clear_error();
    if (!fits)
        doctor_failed(d, get_certificate, "%s 与证书不匹配 / does not belong to the certificate", path);
    return fits;
}

static bool look_at_file(struct doctor *d, struct shown *s)
{
    if (!read_pem(d, BIO_new_file(d->options.certificate, "r"), s)) {
        doctor_failed(d, get_certificate, "%s 不是 PEM 证书 / is no certificate in PEM", d->options.certificate);
        return false;
    }
    return is_good(d, s, d->options.certificate) && key_fits(d, s);
}

static bool look_at_served(struct doctor *d, struct shown *s)
{
    struct doctor_answer a;
    doctor_ask(d, &(struct doctor_request){.method = "GET", .url = "/api/health", .wants_certificate = true}, &a);
    if (!a.chain) {
        doctor_failed(d, get_certificate, "%s: %s", d->options.url, a.problem ? a.problem : doctor_shown(d, &a));
        return false;
    }
    if (!read_pem(d, BIO_new_mem_buf(a.chain, -1), s)) {
        doctor_failed(d, get_certificate, "%s", d->options.url);
        return false;
    }
    if (!is_good(d, s, d->options.url))
        return false;
    if (!a.status)
        doctor_failed(d, get_certificate, "%s: %s", d->options.url, a.problem);
    return a.status != 0;
}

void doctor_certificate(struct doctor *d)
{
    struct shown file = {0}, served = {0};
    bool is_tls = text_starts(d->options.url, "https://");
    bool good = (!d->options.certificate || look_at_file(d, &file)) && (!is_tls || look_at_served(d, &served));
    if (!d->options.certificate && !is_tls)
        doctor_not_applicable(d, "--certificate nginx/ssl/cert.pem --url https://NAME --domain NAME", "没有给出证书，地址也不是 https / no certificate was given, and the address is not https");
    else if (good && file.leaf && served.leaf && X509_cmp(file.leaf, served.leaf) != 0)
        doctor_failed(d, "docker exec mms-nginx-prod nginx -e stderr -s reload", "服务使用的是另一个证书 / the service shows another certificate than %s", d->options.certificate);
    else if (good)
        doctor_ok(d, "剩余 %ld 天（至 %s）/ days left", served.leaf ? served.days : file.days, served.leaf ? served.until : file.until);
    shown_free(&file);
    shown_free(&served);
}

static bool look_at_redirect(struct doctor *d, const char *name)
{
    struct doctor_answer a;
    const char *port = d->options.http_port == 80 ? "" : arena_fmt(d->arena, ":%lld", (long long)d->options.http_port);
    const char *from = arena_fmt(d->arena, "http://%s%s/materials?page=2", name, port);
    doctor_get(d, from, NULL, &a);
    const char *to = a.status ? doctor_header(d, &a, "location") : NULL, *rest = to ? strstr(to, "/materials?page=2") : NULL;
    if ((a.status == 301 || a.status == 308) && to && text_starts(to, arena_fmt(d->arena, "https://%s", name)) && rest)
        return true;
    doctor_failed(d, "nginx/ssl.conf: return 301 https://$host$request_uri", "%s: %s%s%s", from, doctor_shown(d, &a), to ? " -> " : "", to ? to : "");
    return false;
}

void doctor_redirect(struct doctor *d)
{
    if (!d->options.domains[0])
        doctor_not_applicable(d, "--domain NAME", "没有给出域名 / no name was given");
    for (size_t i = 0; d->options.domains[i]; i++)
        if (!look_at_redirect(d, d->options.domains[i]))
            return;
    if (d->options.domains[0])
        doctor_ok(d, "301 https://%s", d->options.domains[0]);
}
