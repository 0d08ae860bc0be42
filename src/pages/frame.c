#include "pages/frame.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/escape.h"
#include "base/span.h"
#include "http/request.h"

#define PROGRAM "memcached_exporter"

/* What a browser may do with a page: load our own files, and no more. */
#define POLICY                                                                 \
	"default-src 'none'; script-src 'self'; style-src 'self'; "            \
	"img-src 'self'; connect-src 'self'; form-action 'self'; "             \
	"base-uri 'none'; frame-ancestors 'none'"

static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy", POLICY },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cache-Control", "no-cache" },
};

void
frame_add_headers(struct request *r)
{
	for (size_t i = 0; i < nitems(headers); i++)
		request_add_header(r, headers[i].name, headers[i].value);
}

void
frame_open(struct buf *out, const char *heading, const char *small)
{
	buf_add_str(out, "<!DOCTYPE html>\n"
			 "<html lang=\"en\">\n"
			 "<head>\n"
			 "<meta charset=\"utf-8\">\n"
			 "<meta name=\"viewport\" "
			 "content=\"width=device-width, initial-scale=1\">\n"
			 "<meta name=\"color-scheme\" content=\"light dark\">\n"
			 "<title>");
	escape_html(out, heading);
	if (strcmp(heading, PROGRAM) != 0)
		buf_add_str(out, " \u00b7 " PROGRAM);
	buf_add_str(out,
	    "</title>\n"
	    "<link rel=\"icon\" href=\"./page.svg\" type=\"image/svg+xml\">\n"
	    "<link rel=\"stylesheet\" href=\"./page.css\">\n"
	    "<script src=\"./page.js\" defer></script>\n"
	    "</head>\n"
	    "<body>\n"
	    "<header>\n"
	    "<h1>");
	escape_html(out, heading);
	buf_add_str(out, " <small>");
	escape_html(out, small);
	buf_add_str(out, "</small></h1>\n"
			 "<nav aria-label=\"Pages\">\n");
}

void
frame_open_main(struct buf *out)
{
	buf_add_str(out, "</nav>\n"
			 "</header>\n"
			 "<main>\n");
}

void
frame_add_bar(struct buf *out, const char *text)
{
	char now[CLOCK_TEXT_MAX];

	clock_text(time(NULL), now);
	buf_printf(out,
	    "<p class=\"bar\"><span id=\"counts\">%s</span>"
	    "<span>as of <time id=\"now\" datetime=\"%s\">%s</time></span>"
	    "<label id=\"live\" hidden><input type=\"checkbox\" checked> "
	    "Refresh every 5 s</label></p>\n"
	    "<p id=\"problem\" role=\"status\"></p>\n"
	    "<p id=\"news\" role=\"status\"></p>\n",
	    text, now, now);
}

void
frame_close(struct buf *out)
{
	buf_add_str(out, "</main>\n</body>\n</html>\n");
}
