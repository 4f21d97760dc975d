/* Client addresses. All are held as IPv6; an IPv4 address is its mapped form (::ffff:a.b.c.d). */
#include <arpa/inet.h>
#include <string.h>

#include "http/http.h"

struct address {
    unsigned char bytes[16];
};

static const unsigned char MAPPED[12] = {[10] = 0xFF, [11] = 0xFF};

static bool is_v4(const struct address *a)
{
    return !memcmp(a->bytes, MAPPED, sizeof MAPPED);
}

static bool parse_bare(const char *text, struct address *out)
{
    if (inet_pton(AF_INET, text, out->bytes + sizeof MAPPED) == 1) {
        memcpy(out->bytes, MAPPED, sizeof MAPPED);
        return true;
    }
    return inet_pton(AF_INET6, text, out->bytes) == 1;
}

static bool is_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits >= 1 && digits <= 5 && !text[digits];
}

/* "1.2.3.4", "1.2.3.4:555", "::1", "[::1]", "[::1]:33" */
static bool parse_entry(const char *text, size_t n, struct address *out)
{
    char copy[64];

    if (n == 0 || n >= sizeof copy)
        return false;
    memcpy(copy, text, n);
    copy[n] = '\0';
    if (copy[0] == '[') {
        char *end = strchr(copy, ']');
        if (!end || (end[1] && (end[1] != ':' || !is_port(end + 2))))
            return false;
        *end = '\0';
        return inet_pton(AF_INET6, copy + 1, out->bytes) == 1;
    }
    char *colon = strchr(copy, ':');
    if (colon && colon == strrchr(copy, ':')) {
        if (!is_port(colon + 1))
            return false;
        *colon = '\0';
    }
    return parse_bare(copy, out);
}

static const char *print(struct arena *a, const struct address *address)
{
    char text[INET6_ADDRSTRLEN];
    const unsigned char *b = address->bytes;

    if (is_v4(address))
        inet_ntop(AF_INET, b + sizeof MAPPED, text, sizeof text);
    else
        inet_ntop(AF_INET6, b, text, sizeof text);
    return arena_dup(a, text);
}

/* The length behind the slash, in bits of the family; -1: not one. */
static int parse_prefix(const char *text, int most)
{
    int bits = 0;

    if (!*text)
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || bits > most)
            return -1;
        bits = bits * 10 + (*text - '0');
    }
    return bits <= most ? bits : -1;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, int bits)
{
    int whole = bits / 8, rest = bits % 8;

    if (memcmp(a, b, (size_t)whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static bool block_holds(const char *block, const struct address *address)
{
    char copy[64];
    struct address base;
    const char *slash = strchr(block, '/');
    size_t n = slash ? (size_t)(slash - block) : strlen(block);

    if (n >= sizeof copy)
        return false;
    memcpy(copy, block, n);
    copy[n] = '\0';
    /* "::/0" is about IPv6: it does not take in every IPv4 address through the mapped range. */
    if (!parse_bare(copy, &base) || is_v4(&base) != is_v4(address))
        return false;
    int mapped = strchr(copy, ':') ? 0 : 96;
    int bits = slash ? parse_prefix(slash + 1, 128 - mapped) : 128 - mapped;
    return bits >= 0 && same_bits(base.bytes, address->bytes, mapped + bits);
}

static bool is_trusted(const struct address *address, const char *const *trusted_proxies)
{
    for (; trusted_proxies && *trusted_proxies; trusted_proxies++)
        if (block_holds(*trusted_proxies, address))
            return true;
    return false;
}

/* Takes the last entry off the list text[0..*n); false: it is no address. */
static bool last_entry(const char *text, size_t *n, struct address *out)
{
    size_t end = *n, from;

    while (end && strchr(" \t", text[end - 1]))
        end--;
    for (from = end; from && text[from - 1] != ',';)
        from--;
    *n = from ? from - 1 : 0;
    while (from < end && strchr(" \t", text[from]))
        from++;
    return parse_entry(text + from, end - from, out);
}

const char *http_client_address(struct arena *a, const char *peer, const char *forwarded_for,
                                const char *const *trusted_proxies)
{
    struct address present, before;
    size_t left = forwarded_for ? strlen(forwarded_for) : 0;

    if (!parse_bare(peer, &present))
        return arena_dup(a, peer);
    while (left && is_trusted(&present, trusted_proxies)) {
        if (!last_entry(forwarded_for, &left, &before))
            break;
        present = before;
    }
    return print(a, &present);
}
