/* The shapes that values of settings may have. settings_value.c turns a "no" into a fault. */
#ifndef MMS_BASE_SETTINGS_CHECK_H
#define MMS_BASE_SETTINGS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No setting's limit is near it. A whole number beyond it is read as one that is not below it. */
#define SETTING_WHOLE_MAX INT64_C(10000000000000000)
/* Decimal digits only, at least one. */
bool setting_is_whole(const char *text, size_t n, int64_t *value);
/* "3600" or a number with s, m, h or d behind it. */
bool setting_is_duration(const char *text, int64_t *seconds);
/* An IPv4 or IPv6 address, or "localhost". */
bool setting_is_host(const char *text);
/* "*", or scheme://host[:port] and nothing behind it. */
bool setting_is_origin(const char *text);
/* An IPv4 or IPv6 address, or a block of them ("10.0.0.0/8"). */
bool setting_is_address_block(const char *text);
/* A bucket's name: 3–63 of a–z, 0–9 and "-", which stands at neither end. */
bool setting_is_bucket(const char *text);
/* A region's id: a–z, 0–9 and "-" ("cn-hangzhou"). */
bool setting_is_region(const char *text);
/* [https://]host[:port], and nothing behind it. */
bool setting_is_endpoint(const char *text);
/* http:// and a host that is this machine. */
bool setting_is_plain_loopback(const char *text);
#define SETTING_RECIPIENTS_MAX 8
#define SETTING_RECIPIENTS_BYTES 8192
/* Public keys of age (age1…, ssh-…), commas between, with the NUL in so many bytes; whether they are any, age alone can tell. */
bool setting_is_recipients(const char *text);
/* Looks like a sample out of a document, or has fewer than 8 different bytes. */
bool setting_is_weak_secret(const char *text);

#endif
