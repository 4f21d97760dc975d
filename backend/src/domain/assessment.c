#include "domain/assessment.h"

#include "db/bulk.h"

#define DAY_MS INT64_C(86400000)
#define QUARTER_MS 900000
#define QUARTER_S 900
#define MILLION 1000000

/* ---------------------------------------------------------------- what the database tells */

/* Who did something that is kept: wrote, signed in, or had his session renewed. */
static const struct sql PEOPLE = {
    "assessment.people",
    "SELECT COUNT(DISTINCT user_id) AS n, quarter FROM (SELECT user_id, created_at / 900000 AS quarter FROM operation_log "
    "WHERE created_at >= $1 AND user_id IS NOT NULL UNION SELECT s.user_id, t.created_at / 900000 FROM refresh_tokens t "
    "JOIN sessions s ON s.id = t.session_id WHERE t.created_at >= $1) AS seen GROUP BY quarter ORDER BY n DESC, quarter DESC LIMIT 1"};
static const struct sql SIGNED_IN = {
    "assessment.signed_in", "SELECT COUNT(DISTINCT user_id) AS n FROM sessions WHERE ended_at IS NULL AND expires_at > $1"};
static const struct sql WRITES = {"assessment.writes", "SELECT COUNT(*) AS n FROM operation_log WHERE created_at >= $1"};
static const struct sql BUSIEST_QUARTER = {
    "assessment.quarter", "SELECT COUNT(*) AS n, created_at / 900000 AS quarter FROM operation_log WHERE created_at >= $1 "
                          "GROUP BY created_at / 900000 ORDER BY n DESC, quarter DESC LIMIT 1"};
static const struct sql BUSIEST_SECOND = {
    "assessment.second", "SELECT COUNT(*) AS n FROM operation_log WHERE created_at >= $1 GROUP BY created_at / 1000 ORDER BY n DESC LIMIT 1"};

static const struct sql QUEUE = {
    "assessment.queue", "SELECT COALESCE(MIN(quarter), 0) AS first, CAST(COALESCE(SUM(writes), 0) AS BIGINT) AS writes, CAST(COALESCE(SUM(waited), 0) "
                        "AS BIGINT) AS waited, COALESCE(MAX(longest_us), 0) AS longest FROM writer_quarters WHERE quarter >= $1"};
static const struct sql NOTE_QUEUE = {
    "assessment.note_queue",
    "INSERT INTO writer_quarters (quarter, writes, waited, longest_us) VALUES ($1, $2, $3, $4) ON CONFLICT (quarter) DO UPDATE SET writes = "
    "writer_quarters.writes + excluded.writes, waited = writer_quarters.waited + excluded.waited, longest_us = CASE WHEN excluded.longest_us > "
    "writer_quarters.longest_us THEN excluded.longest_us ELSE writer_quarters.longest_us END"};

static enum rc count_all_rows(struct ctx *c, int64_t *out)
{
    struct bulk_tables tables;
    int64_t sum = 0;
    TRY(db_bulk_tables(c->db, c->arena, &tables));
    for (size_t i = 0; i < tables.count; i++) {
        DB_ROWS rows = NULL;
        bool more;
        TRY(db_start_text(c->db, arena_fmt(c->arena, "SELECT COUNT(*) AS n FROM \"%s\"", tables.list[i].name), DB_NO_ARGS, &rows));
        TRY(db_next(rows, &more));
        sum += more ? db_int(rows, "n") : 0;
    }
    *out = sum;
    return RC_OK;
}

/* The number, and when that quarter of an hour began; zeros when there was none. */
static enum rc busiest(struct ctx *c, const struct sql *sql, int64_t since_ms, int64_t *n, int64_t *at_ms)
{
    DB_ROWS rows = NULL;
    bool more;
    *n = *at_ms = 0;
    TRY(db_start(c->db, sql, DB_ARGS(DB_I(since_ms)), &rows));
    TRY(db_next(rows, &more));
    if (more) {
        *n = db_int(rows, "n");
        *at_ms = db_int(rows, "quarter") * QUARTER_MS;
    }
    return RC_OK;
}

static struct indicator judged(const char *name, const char *zh, const char *en, int64_t millionths, int64_t threshold)
{
    enum indicator_state state = millionths > threshold * MILLION       ? INDICATOR_ABOVE
                                 : millionths * 2 >= threshold * MILLION ? INDICATOR_NEAR
                                                                         : INDICATOR_LOW;
    return (struct indicator){name, zh, en, {millionths}, threshold, state};
}

static enum rc read_queue(struct ctx *c, int64_t since_ms, struct assessment_queue *out)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &QUEUE, DB_ARGS(DB_I(since_ms / QUARTER_MS)), &rows));
    TRY(db_next(rows, &more));
    *out = (struct assessment_queue){db_int(rows, "first") * QUARTER_MS, db_int(rows, "writes"), db_int(rows, "waited"), db_int(rows, "longest")};
    return RC_OK;
}

enum rc assessment_note_queue(struct ctx *c, const struct assessment_queue *more)
{
    return db_exec(c->db, &NOTE_QUEUE, DB_ARGS(DB_I(c->now_ms / QUARTER_MS), DB_I(more->jobs), DB_I(more->slow), DB_I(more->longest_us)), NULL);
}

void assessment_add_queue(struct assessment *as, const struct assessment_queue *more, int64_t now_ms)
{
    struct assessment_queue *q = &as->queue;
    if (!q->since_ms)
        q->since_ms = now_ms / QUARTER_MS * QUARTER_MS;
    q->jobs += more->jobs;
    q->slow += more->slow;
    if (more->longest_us > q->longest_us)
        q->longest_us = more->longest_us;
}

enum rc assessment_read(struct ctx *c, struct assessment *out)
{
    const struct db_catalogue *catalogue = db_catalogue(c->db);
    int64_t since_ms = c->now_ms - ASSESSMENT_DAYS * DAY_MS, rows, people;
    struct assessment as = {.engine = catalogue->engine, .on_server = db_is_server(c->settings->database)};
    TRY(count_all_rows(c, &rows));
    TRY(ctx_number(c, &catalogue->size, DB_NO_ARGS, &as.size));
    TRY(busiest(c, &PEOPLE, since_ms, &people, &as.people_at_ms));
    TRY(ctx_number(c, &SIGNED_IN, DB_ARGS(DB_I(c->now_ms)), &as.signed_in));
    TRY(ctx_number(c, &WRITES, DB_ARGS(DB_I(since_ms)), &as.writes));
    TRY(busiest(c, &BUSIEST_QUARTER, since_ms, &as.writes_in_quarter, &as.writes_at_ms));
    TRY(ctx_number(c, &BUSIEST_SECOND, DB_ARGS(DB_I(since_ms)), &as.writes_in_second));
    TRY(read_queue(c, since_ms, &as.queue));
    as.indicators[INDICATOR_ROWS] = judged("rows", "数据量（行）", "rows", rows * MILLION, 1000000);
    as.indicators[INDICATOR_PEOPLE] = judged("people", "并发用户", "people at once", people * MILLION, 50);
    as.indicators[INDICATOR_WRITES] = judged("writesPerSecond", "写入频率（次/秒）", "writes a second", as.writes_in_quarter * MILLION / QUARTER_S, 100);
    *out = as;
    return RC_OK;
}

/* ---------------------------------------------------------------- advice */

const char *advice_name(enum advice advice)
{
    static const char *const names[] = {[ADVICE_STAY] = "stay", [ADVICE_PREPARE] = "prepare", [ADVICE_MOVE] = "move"};
    return names[advice];
}

const char *indicator_state_name(enum indicator_state state)
{
    static const char *const names[] = {[INDICATOR_LOW] = "low", [INDICATOR_NEAR] = "near", [INDICATOR_ABOVE] = "above"};
    return names[state];
}

static void reason(struct assessment *as, enum advice advice, const char *zh, const char *en)
{
    if (advice > as->advice)
        as->advice = advice;
    as->reasons[as->reason_count++] = (struct assessment_text){zh, en};
}

static void not_known(struct assessment *as, const char *zh, const char *en)
{
    as->unknown[as->unknown_count++] = (struct assessment_text){zh, en};
}

static void judge_indicator(struct arena *a, struct assessment *as, const struct indicator *i)
{
    if (i->state == INDICATOR_LOW)
        return;
    bool above = i->state == INDICATOR_ABOVE;
    reason(as, above ? ADVICE_MOVE : ADVICE_PREPARE,
           arena_fmt(a, "%s%s阈值 %lld%s", i->zh, above ? "已超过" : "已达到", (long long)i->threshold, above ? "" : " 的一半"),
           arena_fmt(a, "%s: %s the threshold of %lld", i->en, above ? "above" : "at half of", (long long)i->threshold));
}

/* Per mille of what the machine reached with many clients. */
static void judge_machine(struct arena *a, struct assessment *as)
{
    int64_t reached = as->machine->together_per_s > 0 ? as->machine->together_per_s : 1;
    long long share = as->writes_in_quarter * 1000 / QUARTER_S / reached;
    const char *zh = arena_fmt(a, "最忙的一刻钟用了本机写入能力（每秒 %lld 次）的 %lld.%lld%%", (long long)reached, share / 10, share % 10);
    const char *en = arena_fmt(a, "the busiest quarter of an hour took %lld.%lld %% of what this machine can write (%lld a second)", share / 10,
                               share % 10, (long long)reached);
    reason(as, share > 500 ? ADVICE_MOVE : share > 200 ? ADVICE_PREPARE : ADVICE_STAY, zh, en);
}

static void judge_queue(struct arena *a, struct assessment *as)
{
    const struct assessment_queue *q = &as->queue;
    if (q->slow * 100 <= q->jobs)
        return;
    reason(as, ADVICE_PREPARE, arena_fmt(a, "%lld 次写入中有 %lld 次排队超过 100 毫秒", (long long)q->jobs, (long long)q->slow),
           arena_fmt(a, "of %lld writes, %lld waited for more than 100 ms", (long long)q->jobs, (long long)q->slow));
}

static void say_unknown(struct assessment *as)
{
    not_known(as, "只读取数据的用户只在登录和续期时有记录，实际并发可能更高", "who only reads is seen when he signs in and when his session is renewed: more may be there at once");
    not_known(as, "不进操作日志的写入（例如标记通知已读）不计入写入频率", "writes that the operation log does not tell of (a notification marked as read) are not counted");
    if (!as->queue.since_ms)
        not_known(as, "尚无写入排队的记录：服务运行时每分钟记录一次", "how long writes wait in the queue has not been noted yet: the service does so once a minute");
    if (!as->machine)
        not_known(as, "本机的写入能力尚未测量", "what this machine can write has not been measured");
}

void assessment_advise(struct arena *a, struct assessment *as)
{
    as->advice = ADVICE_STAY;
    as->reason_count = as->unknown_count = 0;
    say_unknown(as);
    if (as->on_server) {
        reason(as, ADVICE_STAY, "已经在 PostgreSQL 上", "it is on PostgreSQL already");
        return;
    }
    for (size_t i = 0; i < INDICATOR_COUNT; i++)
        judge_indicator(a, as, &as->indicators[i]);
    if (as->machine)
        judge_machine(a, as);
    judge_queue(a, as);
    if (as->advice == ADVICE_STAY)
        reason(as, ADVICE_STAY, "各项指标均低于阈值的一半", "everything is below half of its threshold");
}

/* ---------------------------------------------------------------- telling */

static void write_time(struct json_writer *w, const char *name, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    jw_name(w, name);
    if (ms)
        jw_text_n(w, text, clock_print_row(ms, text));
    else
        jw_null(w);
}

static void write_indicators(struct json_writer *w, const struct assessment *as)
{
    jw_name(w, "indicators");
    jw_array(w);
    for (size_t i = 0; i < INDICATOR_COUNT; i++) {
        jw_object(w);
        jw_member_text(w, "name", as->indicators[i].name);
        jw_member_dec(w, "value", as->indicators[i].value);
        jw_member_int(w, "threshold", as->indicators[i].threshold);
        jw_member_text(w, "state", indicator_state_name(as->indicators[i].state));
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void write_queue(struct json_writer *w, const struct assessment_queue *q)
{
    if (!q->since_ms)
        return;
    jw_name(w, "queue");
    jw_object(w);
    write_time(w, "since", q->since_ms);
    jw_member_int(w, "writes", q->jobs);
    jw_member_int(w, "waited", q->slow);
    jw_member_int(w, "longestUs", q->longest_us);
    jw_object_end(w);
}

static void write_machine(struct json_writer *w, const struct assessment_machine *m)
{
    if (!m)
        return;
    jw_name(w, "machine");
    jw_object(w);
    write_time(w, "measuredAt", m->measured_at_ms);
    jw_member_int(w, "clients", m->clients);
    jw_member_int(w, "aloneWritesPerSecond", m->alone_per_s);
    jw_member_int(w, "writesPerSecond", m->together_per_s);
    jw_object_end(w);
}

static void write_texts(struct json_writer *w, const char *name, const struct assessment_text *texts, size_t count)
{
    jw_name(w, name);
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        jw_member_text(w, "zh", texts[i].zh);
        jw_member_text(w, "en", texts[i].en);
        jw_object_end(w);
    }
    jw_array_end(w);
}

void assessment_write(struct json_writer *w, const struct assessment *as)
{
    jw_object(w);
    jw_member_text(w, "engine", as->engine);
    jw_member_int(w, "size", as->size);
    jw_member_int(w, "days", ASSESSMENT_DAYS);
    write_indicators(w, as);
    jw_name(w, "people");
    jw_object(w);
    write_time(w, "busiestQuarter", as->people_at_ms);
    jw_member_int(w, "signedIn", as->signed_in);
    jw_object_end(w);
    jw_name(w, "writes");
    jw_object(w);
    jw_member_int(w, "total", as->writes);
    write_time(w, "busiestQuarter", as->writes_at_ms);
    jw_member_int(w, "inBusiestQuarter", as->writes_in_quarter);
    jw_member_int(w, "inBusiestSecond", as->writes_in_second);
    jw_object_end(w);
    write_queue(w, &as->queue);
    write_machine(w, as->machine);
    jw_member_text(w, "advice", advice_name(as->advice));
    write_texts(w, "reasons", as->reasons, as->reason_count);
    write_texts(w, "unknown", as->unknown, as->unknown_count);
    jw_object_end(w);
}

static const struct answer_part indicator_parts[] = {{"name", PART_TEXT}, {"value", PART_DEC}, {"threshold"}, {"state", PART_TEXT}, {0}};
static const struct answer_part people_parts[] = {{"busiestQuarter", PART_TIME, .nullable = true}, {"signedIn"}, {0}};
static const struct answer_part writes_parts[] = {
    {"total"}, {"busiestQuarter", PART_TIME, .nullable = true}, {"inBusiestQuarter"}, {"inBusiestSecond"}, {0}};
static const struct answer_part queue_parts[] = {{"since", PART_TIME}, {"writes"}, {"waited"}, {"longestUs"}, {0}};
static const struct answer_part machine_parts[] = {{"measuredAt", PART_TIME}, {"clients"}, {"aloneWritesPerSecond"}, {"writesPerSecond"}, {0}};
static const struct answer_part text_parts[] = {{"zh", PART_TEXT}, {"en", PART_TEXT}, {0}};
const struct answer_part assessment_parts[] = {
    {"engine", PART_TEXT},
    {"size"},
    {"days"},
    {"indicators", PART_ARRAY, .parts = indicator_parts},
    {"people", PART_OBJECT, .parts = people_parts},
    {"writes", PART_OBJECT, .parts = writes_parts},
    {"queue", PART_OBJECT, .parts = queue_parts, .optional = true},
    {"machine", PART_OBJECT, .parts = machine_parts, .optional = true},
    {"advice", PART_TEXT},
    {"reasons", PART_ARRAY, .parts = text_parts},
    {"unknown", PART_ARRAY, .parts = text_parts},
    {0}};
