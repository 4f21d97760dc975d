#include "cloud/trouble.h"

#include "base/clock.h"

bool trouble_say(struct trouble *t, bool again, const char *zh, const char *en)
{
    *t = (struct trouble){zh, en, again};
    return false;
}

int64_t trouble_server_clock(struct arena *a, const struct client_answer *answer)
{
    const char *date = client_header(a, answer, "Date");
    int64_t ms = 0;
    return date && client_date(date, &ms) ? ms : 0;
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
