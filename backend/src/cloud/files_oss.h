/* Files (files/files.h) in object storage. A key there is the key here. */
#ifndef MMS_CLOUD_FILES_OSS_H
#define MMS_CLOUD_FILES_OSS_H

#include "cloud/oss.h"
#include "files/files.h"

/* files_close closes it, too. */
struct files *files_open_oss(const struct oss_config *config);

#endif
