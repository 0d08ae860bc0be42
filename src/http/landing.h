/* The page at "/": what this is, and where the metrics are. */
#ifndef HTTP_LANDING_H
#define HTTP_LANDING_H

#include "http/request.h"

/* A route of http/server.h; arg is the path of the metrics. */
void landing_serve(struct request *r, void *arg);

#endif
