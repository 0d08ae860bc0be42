#include "http/landing.h"

#define PAGE_BYTES_MAX 4096

void
landing_serve(struct request *r, void *arg)
{
	const char *metrics = arg;
	struct buf out;

	buf_init(&out, PAGE_BYTES_MAX);
	buf_printf(&out,
	    "<!DOCTYPE html>\n"
	    "<html lang=\"en\">\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width\">\n"
	    "<title>memcached_exporter</title>\n"
	    "<h1>memcached_exporter %s</h1>\n"
	    "<ul>\n"
	    "<li><a href=\"%s\">Metrics</a></li>\n"
	    "<li><a href=\"/-/healthy\">Health</a></li>\n"
	    "</ul>\n"
	    "</html>\n",
	    VERSION, metrics);
	request_answer(r, "text/html; charset=utf-8", &out);
}
