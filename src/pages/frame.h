/* What all pages for people have around what is theirs. */
#ifndef PAGES_FRAME_H
#define PAGES_FRAME_H

#include "base/buf.h"

struct request;

#define FRAME_TYPE "text/html; charset=utf-8"

/* In place of a table of which nothing is known. */
#define FRAME_UNKNOWN                                                          \
	"<p class=\"quiet\">Not known until a scrape asks for them.</p>\n"

/* The headers of the answer: what a browser may do with the page, and so on. */
void frame_add_headers(struct request *r);

/* All up to the links; the small text stands behind the heading. */
void frame_open(struct buf *out, const char *heading, const char *small);

/* Behind the links. */
void frame_open_main(struct buf *out);

/*
 * How old the page is, whether it refreshes itself, and where page.js says
 * that it cannot, and what is new. The text stands in front, as it is.
 */
void frame_add_bar(struct buf *out, const char *text);

void frame_close(struct buf *out);

#endif
