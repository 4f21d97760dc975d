#include "base/settings_check.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool setting_is_whole(const char *text, size_t n, int64_t *value)
{
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        if (!is_digit(text[i]))
            return false;
        if (sum < SETTING_WHOLE_MAX)
            sum = sum * 10 + (text[i] - '0');
    }
    if (n == 0)
        return false;
    *value = sum;
    return true;
}

bool setting_is_duration(const char *text, int64_t *seconds)
{
    static const char UNITS[] = "smhd";
    static const int64_t SECONDS[] = {1, 60, 3600, 86400};
    size_t n = strlen(text);
    int64_t number, each = 1;

    const char *unit = n ? strchr(UNITS, text[n - 1]) : NULL;
    if (unit) {
        each = SECONDS[unit - UNITS];
        n--;
    }
    if (!setting_is_whole(text, n, &number))
        return false;
    if (__builtin_mul_overflow(number, each, seconds))
        *seconds = INT64_MAX;
    return true;
}

static bool is_address(const char *text, int *bits)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, text, bytes) == 1) {
        *bits = 32;
        return true;
    }
    *bits = 128;
    return inet_pton(AF_INET6, text, bytes) == 1;
}

bool setting_is_host(const char *text)
{
    int bits;

    return strcmp(text, "localhost") == 0 || is_address(text, &bits);
}

/* The longest address text is 45 characters; what does not fit is none. */
static bool is_address_of(const char *text, size_t n, int *bits)
{
    char address[64];

    if (n >= sizeof address)
        return false;
    memcpy(address, text, n);
    address[n] = '\0';
    return is_address(address, bits);
}

bool setting_is_address_block(const char *text)
{
    const char *slash = strchr(text, '/');
    int bits;
    int64_t prefix = 0;

    if (!is_address_of(text, slash ? (size_t)(slash - text) : strlen(text), &bits))
        return false;
    return !slash || (setting_is_whole(slash + 1, strlen(slash + 1), &prefix) && prefix <= bits);
}

static const char *skip_scheme(const char *at)
{
    if (!is_letter(*at))
        return NULL;
    while (is_letter(*at) || is_digit(*at) || (*at && strchr("+-.", *at)))
        at++;
    return strncmp(at, "://", 3) == 0 ? at + 3 : NULL;
}

static const char *skip_host(const char *at)
{
    const char *start = at;
    int bits;

    if (*at == '[') {
        const char *close = strchr(at, ']');
        bool valid = close && is_address_of(at + 1, (size_t)(close - at) - 1, &bits) && bits == 128;
        return valid ? close + 1 : NULL;
    }
    while (is_letter(*at) || is_digit(*at) || *at == '-' || *at == '.')
        at++;
    return at > start ? at : NULL;
}

bool setting_is_origin(const char *text)
{
    int64_t port;

    if (strcmp(text, "*") == 0)
        return true;
    const char *at = skip_scheme(text);
    at = at ? skip_host(at) : NULL;
    if (!at || *at == '\0')
        return at != NULL;
    bool has_port = *at == ':' && setting_is_whole(at + 1, strlen(at + 1), &port);
    return has_port && port >= 1 && port <= 65535;
}

static bool is_low_name(const char *text, size_t min, size_t max)
{
    size_t n = strlen(text);

    if (n < min || n > max || text[0] == '-' || text[n - 1] == '-')
        return false;
    while (is_digit(*text) || (*text >= 'a' && *text <= 'z') || *text == '-')
        text++;
    return *text == '\0';
}

bool setting_is_bucket(const char *text)
{
    return is_low_name(text, 3, 63);
}

bool setting_is_region(const char *text)
{
    return is_low_name(text, 2, 40);
}

static bool is_host_and_port(const char *host)
{
    int64_t port;
    const char *at = skip_host(host);

    if (!at || *at == '\0')
        return at != NULL;
    return *at == ':' && setting_is_whole(at + 1, strlen(at + 1), &port) && port >= 1 && port <= 65535;
}

bool setting_is_endpoint(const char *text)
{
    static const char https[] = "https://";

    return is_host_and_port(strncmp(text, https, sizeof https - 1) == 0 ? text + sizeof https - 1 : text);
}

/* Not what only begins like it: 127.0.0.1.example.com. */
bool setting_is_plain_loopback(const char *text)
{
    static const char http[] = "http://";
    const char *host = text + sizeof http - 1;
    struct in_addr address;
    char name[64];

    if (strncmp(text, http, sizeof http - 1) != 0 || !is_host_and_port(host))
        return false;
    size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (n >= sizeof name)
        return false;
    memcpy(name, host, n);
    name[n] = '\0';
    return strcmp(name, "localhost") == 0 || strcmp(name, "[::1]") == 0 ||
           (inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127);
}

/* A letter's case and the kind of joint between words do not make a sample a secret. */
static char plain(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c + 'a' - 'A');
    return c == '_' || c == ' ' || c == '.' ? '-' : c;
}

static bool holds(const char *text, const char *sample)
{
    for (; *text; text++) {
        size_t i = 0;
        while (sample[i] && plain(text[i]) == sample[i])
            i++;
        if (!sample[i])
            return true;
    }
    return false;
}

static size_t different_bytes(const char *text)
{
    bool seen[256] = {false};
    size_t count = 0;

    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        count += !seen[byte];
        seen[byte] = true;
    }
    return count;
}

bool setting_is_weak_secret(const char *text)
{
    static const char *const SAMPLES[] = {
        "your-secret", "your-jwt",      "yoursecret", "change-me",  "changeme",
        "change-this", "please-change", "secret-key", "mms-secret", "jwt-secret",
        "replace-me",  "1234567890",    "abcdefgh",   "<",
    };

    for (size_t i = 0; i < sizeof SAMPLES / sizeof *SAMPLES; i++) {
        if (holds(text, SAMPLES[i]))
            return true;
    }
    return different_bytes(text) < 8;
}

/* `n` bytes without the blanks around them. "ssh-ed25519 AAAA… comment" has blanks of its own. */
static bool is_recipient(const char *text, size_t n)
{
    if (n < 5 || strncmp(text, "age1", 4) != 0)
        return n >= 5 && strncmp(text, "ssh-", 4) == 0;
    for (size_t i = 4; i < n; i++)
        if (!is_digit(text[i]) && (text[i] < 'a' || text[i] > 'z'))
            return false;
    return true;
}

bool setting_is_recipients(const char *text)
{
    size_t found = 0;

    if (strlen(text) >= SETTING_RECIPIENTS_BYTES)
        return false;
    for (const char *at = text;; at++) {
        at += strspn(at, " ");
        size_t n = strcspn(at, ","), blanks = 0;
        while (blanks < n && at[n - blanks - 1] == ' ')
            blanks++;
        if (!is_recipient(at, n - blanks) || ++found > SETTING_RECIPIENTS_MAX)
            return false;
        at += n;
        if (!*at)
            return true;
    }
}
