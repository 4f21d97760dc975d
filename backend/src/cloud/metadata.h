/* The metadata service of an ECS instance: its role's keys, its user data. Hardened mode only: a token is fetched first and sent with
 * every question, on instances that would answer without it as well.
 *
 * Its address is a setting (ALIYUN_METADATA_URL), which has a default, and paths are constants of the program: nothing that a user
 * can say ever reaches it. Source: "Instance metadata" of Alibaba Cloud ECS. */
#ifndef MMS_CLOUD_METADATA_H
#define MMS_CLOUD_METADATA_H

#include "cloud/trouble.h"

struct metadata;

struct metadata *metadata_new(const char *url);
void metadata_free(struct metadata *m); /* NULL is fine */

/* What is at "meta-data/…", "user-data" and the like, at most 64 KiB. From any thread; blocks for less than 2 s where there is no such
 * service, and for some seconds where it is slow. *out is NULL when the service has nothing there (404). False: trouble; where
 * there is no service at all, trying again is of no use. */
bool metadata_get(struct metadata *m, struct arena *a, const char *path, const char **out, struct trouble *why);

#endif
