/* /api/v1/targets: what is known of the targets, as JSON for programs. */
#ifndef PAGES_API_H
#define PAGES_API_H

#include "http/request.h"

/*
 * A route of http/server.h; arg is a struct targets. With limit=N in the
 * query only the first N of them are listed, and all counted.
 */
void api_serve_targets(struct request *r, void *arg);

#endif
