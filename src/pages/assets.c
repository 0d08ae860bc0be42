#include "pages/assets.h"

#include "base/buf.h"
#include "base/span.h"
#include "http/request.h"
#include "http/server.h"

#define ASSET_BYTES_MAX (64U << 10)

/* page.S has them. */
extern const char page_css_begin[], page_css_end[];
extern const char page_js_begin[], page_js_end[];
extern const char page_svg_begin[], page_svg_end[];

/* Not const, since a route's argument is not. */
static struct asset {
	const char *path;
	const char *type;
	const char *begin;
	const char *end;
} assets[] = {
	{ "/page.css", "text/css; charset=utf-8", page_css_begin,
	    page_css_end },
	{ "/page.js", "text/javascript; charset=utf-8", page_js_begin,
	    page_js_end },
	{ "/page.svg", "image/svg+xml", page_svg_begin, page_svg_end },
	/* browsers ask for it beside what is no page, such as metrics */
	{ "/favicon.ico", "image/svg+xml", page_svg_begin, page_svg_end },
};

static void
serve(struct request *r, void *arg)
{
	const struct asset *a = arg;
	struct buf body;

	buf_init(&body, ASSET_BYTES_MAX);
	buf_add(&body, a->begin, (size_t)(a->end - a->begin));
	/* another version's page needs that version's files */
	request_add_header(r, "Cache-Control", "no-cache");
	request_answer_text(r, a->type, &body);
}

void
assets_add_routes(struct server *s)
{
	for (size_t i = 0; i < nitems(assets); i++)
		server_route(s, assets[i].path, serve, &assets[i]);
}
