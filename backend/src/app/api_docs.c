/* GET /api/docs: a page that shows the OpenAPI document, with its script and its style. Embedded from backend/assets. */
#include "app/app.h"

#define POLICY                                                                                                         \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "               \
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

extern const char api_docs_html[], api_docs_js[], api_docs_css[];

static enum rc reply_file(struct call *call, const char *type, const char *text)
{
    struct http_response *r = &call->http->response;
    buf_reset(&r->body);
    buf_str(&r->body, text);
    r->status = 200;
    r->content_type = type;
    http_set_header(call->http, "Content-Security-Policy", POLICY);
    http_set_header(call->http, "X-Frame-Options", "DENY");
    http_set_header(call->http, "Cache-Control", "no-cache");
    return r->body.overflow ? RC_INTERNAL : RC_OK;
}

static enum rc get_page(struct call *call)
{
    return reply_file(call, "text/html; charset=utf-8", api_docs_html);
}

static enum rc get_script(struct call *call)
{
    return reply_file(call, "text/javascript; charset=utf-8", api_docs_js);
}

static enum rc get_style(struct call *call)
{
    return reply_file(call, "text/css; charset=utf-8", api_docs_css);
}

static const struct route docs_routes[] = {
    ROUTE("GET", "/api/docs", LANE_READ, PERM_OPEN, NULL, get_page, "接口文档页面", .bare = true, .media = "text/html"),
    ROUTE("GET", "/api/docs/app.js", LANE_READ, PERM_OPEN, NULL, get_script, "接口文档页面的脚本", .bare = true,
          .media = "text/javascript"),
    ROUTE("GET", "/api/docs/style.css", LANE_READ, PERM_OPEN, NULL, get_style, "接口文档页面的样式", .bare = true,
          .media = "text/css"),
};
const struct module api_docs_module = MODULE("docs", "接口文档", docs_routes);
