#include "pages/assets.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/span.h"
#include "http/body.h"
#include "http/request.h"
#include "http/server.h"

/* page.S has them. */
extern const char page_css_begin[], page_css_end[];
extern const char page_js_begin[], page_js_end[];
extern const char page_svg_begin[], page_svg_end[];

static const struct {
	const char *path;
	const char *type;
	const char *begin;
	const char *end;
} files[] = {
	{ "/page.css", "text/css; charset=utf-8", page_css_begin,
	    page_css_end },
	{ "/page.js", "text/javascript; charset=utf-8", page_js_begin,
	    page_js_end },
	{ "/page.svg", "image/svg+xml", page_svg_begin, page_svg_end },
	/* browsers ask for it beside what is no page, such as metrics */
	{ "/favicon.ico", "image/svg+xml", page_svg_begin, page_svg_end },
};

struct asset {
	const char *type;
	struct body *body;
};

struct assets {
	struct asset list[nitems(files)];
};

struct assets *
assets_new(void)
{
	struct assets *a = xcalloc(1, sizeof(*a));

	for (size_t i = 0; i < nitems(files); i++) {
		size_t len = (size_t)(files[i].end - files[i].begin);
		struct buf text;

		buf_init(&text, len);
		buf_add(&text, files[i].begin, len);
		a->list[i] = (struct asset){ files[i].type, body_new(&text) };
	}
	return a;
}

void
assets_free(struct assets *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < nitems(a->list); i++)
		body_release(a->list[i].body);
	free(a);
}

static void
serve_asset(struct request *r, void *arg)
{
	const struct asset *asset = arg;

	/* another version's page needs that version's files */
	request_add_header(r, "Cache-Control", "no-cache");
	request_answer(r, asset->type, asset->body, span_of(""));
}

void
assets_add_routes(struct assets *a, struct server *s)
{
	for (size_t i = 0; i < nitems(files); i++)
		server_route(s, files[i].path, serve_asset, &a->list[i]);
}
