#include "cloud/trouble.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"

bool trouble_say(struct trouble *t, bool again, const char *zh, const char *en)
{
    *t = (struct trouble){zh, en, again};
    return false;
}

int64_t trouble_server_clock(const struct client_answer *answer)
{
    char date[64];
    for (const char *line = answer->headers; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncasecmp(line, "date:", 5) != 0)
            continue;
        size_t n = strcspn(line + 5, "\r\n");
        if (n >= sizeof date)
            return 0;
        memcpy(date, line + 5, n);
        date[n] = 0;
        time_t at = curl_getdate(date, NULL);
        return at > 0 ? (int64_t)at * 1000 : 0;
    }
    return 0;
}

bool trouble_clock(struct trouble *t, struct arena *a, const char *service, int64_t ours_ms, int64_t theirs_ms)
{
    char ours[CLOCK_TEXT_MAX], theirs[CLOCK_TEXT_MAX];
    clock_print_iso(ours_ms, ours);
    clock_print_iso(theirs_ms, theirs);
    return trouble_say(t, true, arena_fmt(a, "本机时钟 %s，%s 的时钟 %s，相差超过 15 分钟：请校准时钟", ours, service, theirs_ms ? theirs : "未知"),
                       arena_fmt(a, "this machine's clock says %s, that of %s %s, more than 15 minutes apart: set it right", ours, service,
                                 theirs_ms ? theirs : "is not known"));
}
