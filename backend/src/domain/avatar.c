#include "domain/avatar.h"

#include <string.h>

#include "base/text.h"
#include "crypto/token.h"
#include "domain/audit.h"
#include "domain/loose_file.h"
#include "domain/reply.h"
#include "media/picture.h"

#define FOLDER "avatars"
#define NAME_BYTES 16            /* random */
#define SHOWN_PREFIX "/uploads/" /* users.avatar is this and the key */
#define LASTING "public, max-age=31536000, immutable"

static const struct sql MY_AVATAR = {"user.avatar", "SELECT avatar FROM users WHERE id = $1"};
static const struct sql SET_AVATAR = {"user.set_avatar", "UPDATE users SET avatar = $2, updated_at = $3 WHERE id = $1"};

/* ---------------------------------------------------------------- changing it */

struct change {
    const char *new_key; /* put already; NULL: to have none */
    const char *old_key; /* found in the writer; NULL: there was none */
};

static const char *key_of(const char *shown)
{
    return shown && text_starts(shown, SHOWN_PREFIX) ? shown + strlen(SHOWN_PREFIX) : NULL;
}

static const char *shown_of(struct ctx *c, const char *key)
{
    return key ? arena_fmt(c->arena, SHOWN_PREFIX "%s", key) : NULL;
}

static enum rc put_picture(struct call *call, struct change *change, const struct buf *picture, enum picture_type type)
{
    struct ctx *c = &call->ctx;
    char name[2 * NAME_BYTES + 1];
    random_hex(NAME_BYTES, name);
    change->new_key = arena_fmt(c->arena, FOLDER "/%s.%s", name, type == PICTURE_JPEG ? "jpg" : "png");
    const struct files_piece piece = {picture->bytes};
    const struct files_source source = files_source_of(&piece, picture->n);
    return loose_file_put(c, change->new_key, &source, LOOSE_FILE_NAMED_WITHIN_MS);
}

static enum rc prepare_post(struct call *call)
{
    static const char *const names[] = {"avatar", "file", NULL};
    struct ctx *c = &call->ctx;
    const char *bytes, *file_name;
    size_t n;
    struct buf picture;
    enum picture_type type;
    call->prepared = arena_new(c->arena, struct change);
    if (!http_form_file(call->http, names, &bytes, &n, &file_name))
        return error_set(&c->err, RC_PICTURE_MISSING);
    if (n > (size_t)c->settings->max_file_size)
        return error_set(&c->err, RC_BODY_TOO_LARGE);
    buf_init(&picture, HTTP_ANSWER_MAX);
    enum rc rc = picture_fit((const unsigned char *)bytes, n, AVATAR_EDGE, &picture, &type);
    rc = rc == RC_OK ? put_picture(call, call->prepared, &picture, type) : error_set(&c->err, rc);
    buf_free(&picture);
    return rc;
}

static enum rc prepare_delete(struct call *call)
{
    call->prepared = arena_new(call->ctx.arena, struct change);
    return RC_OK;
}

static enum rc find_old(struct ctx *c, struct change *change)
{
    DB_ROWS rows = NULL;
    bool more;
    TRY(db_start(c->db, &MY_AVATAR, DB_ARGS(DB_I(c->actor.user_id)), &rows));
    TRY(db_next(rows, &more));
    change->old_key = more ? key_of(arena_dup(c->arena, db_text(rows, "avatar"))) : NULL;
    return RC_OK;
}

static enum rc store(struct call *call, const char *action, const char *what)
{
    struct ctx *c = &call->ctx;
    struct change *change = call->prepared;
    TRY(find_old(c, change));
    if (change->new_key)
        TRY(loose_file_take(c, change->new_key));
    if (change->old_key)
        TRY(loose_file_note(c, change->old_key, 0));
    TRY(db_exec(c->db, &SET_AVATAR, DB_ARGS(DB_I(c->actor.user_id), DB_T(shown_of(c, change->new_key)), DB_I(c->now_ms)), NULL));
    TRY(ctx_changed(c, TOPIC_USERS));
    return audit_write(c, &(struct audit_entry){.module = "profile", .action = action, .resource_type = "user",
                                                .resource_id = c->actor.user_id,
                                                .description = arena_fmt(c->arena, "%s: %s", what, c->actor.username)});
}

static enum rc post_avatar(struct call *call)
{
    const struct change *change = call->prepared;
    TRY(store(call, "upload_avatar", "上传头像"));
    struct json_writer w = reply_data(call, 200, "头像上传成功", "The picture was uploaded");
    jw_object(&w);
    jw_member_text(&w, "avatar", shown_of(&call->ctx, change->new_key));
    jw_object_end(&w);
    return reply_end(call, &w);
}

static enum rc delete_avatar(struct call *call)
{
    TRY(store(call, "delete_avatar", "删除头像"));
    return reply_message(call, "头像删除成功", "The picture was removed");
}

/* The picture that nobody needs now: the old one, or the new one of a change that did not come about. A commit whose outcome is
 * unknown leaves both: the sweep finds out. */
static void after_change(struct call *call, enum rc rc)
{
    const struct change *change = call->prepared;
    if (!change || rc == RC_DB_UNCERTAIN)
        return;
    const char *key = rc == RC_OK ? change->old_key : change->new_key;
    if (key)
        files_remove_later(call->ctx.files, key);
}

/* ---------------------------------------------------------------- showing it */

static enum rc say_unchanged(struct call *call, const char *etag)
{
    buf_reset(&call->http->response.body);
    call->http->response.status = 304;
    http_set_header(call->http, "ETag", etag);
    http_set_header(call->http, "Cache-Control", LASTING);
    return RC_OK;
}

static enum rc get_file(struct call *call)
{
    struct ctx *c = &call->ctx;
    struct http_response *r = &call->http->response;
    const char *name = http_param(call->http, "file"), *dot = strrchr(name, '.');
    const char *etag = arena_fmt(c->arena, "\"%s\"", name), *theirs = http_header(call->http, "If-None-Match");
    if (!dot || strspn(name, "0123456789abcdef") != 2 * NAME_BYTES || dot != name + 2 * NAME_BYTES)
        return error_set(&c->err, RC_NOT_FOUND);
    buf_reset(&r->body);
    if (theirs && strstr(theirs, etag)) /* it never changes: nobody has to be asked */
        return say_unchanged(call, etag);
    enum rc rc = files_get(c->files, arena_fmt(c->arena, FOLDER "/%s", name), &r->body);
    if (rc != RC_OK)
        return error_set(&c->err, rc);
    if (theirs && strcmp(theirs, "*") == 0)
        return say_unchanged(call, etag);
    r->status = 200;
    r->content_type = strcmp(dot, ".jpg") == 0 ? "image/jpeg" : "image/png";
    http_set_header(call->http, "ETag", etag);
    http_set_header(call->http, "Cache-Control", LASTING);
    return RC_OK;
}

/* ---------------------------------------------------------------- routes */

static const struct route avatar_routes[] = {
    {.http = {.method = "POST", .path = "/api/profile/avatar", .lane = LANE_SLOW, .moves_files = true, .is_upload = true},
     .permission = PERM_PROFILE_WRITE,
     .prepare = prepare_post, .handler = post_avatar, .after = after_change, .keeps_no_answer = true, .summary = "上传头像",
     .parts = PARTS({"avatar", PART_TEXT}),
     .refusals = REFUSALS(RC_PICTURE_MISSING, RC_PICTURE_TYPE, RC_PICTURE_TOO_LARGE, RC_PICTURE_BROKEN,
                          RC_FILES_UNWRITABLE, FILES_REFUSALS, RC_BODY_TOO_LARGE)},
    ROUTE("DELETE", "/api/profile/avatar", LANE_SLOW, PERM_PROFILE_WRITE, NULL, delete_avatar, "删除头像", .prepare = prepare_delete,
          .after = after_change),
    ROUTE("GET", "/api/uploads/avatars/:file", LANE_SLOW, PERM_OPEN, NULL, get_file, "头像（同 /uploads/avatars）", .bare = true,
          .http.moves_files = true, .media = "image/*", .refusals = REFUSALS(RC_NOT_FOUND, FILES_REFUSALS)),
    ROUTE("GET", "/uploads/avatars/:file", LANE_SLOW, PERM_OPEN, NULL, get_file, "头像", .bare = true, .http.moves_files = true, .media = "image/*",
          .refusals = REFUSALS(RC_NOT_FOUND, FILES_REFUSALS)),
};
const struct module avatar_module = MODULE("avatar", "头像", avatar_routes);
