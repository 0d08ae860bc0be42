/*
 * Scrapes over HTTP: routes of http/server.h whose arg is a scraper. The first
 * one answers with the default target and the exporter's own metrics; the
 * second one with the target that the query names, alone:
 *
 *	target=host:port, [IPv6]:port, host, unix:/path
 *	module=NAME: as --config.file has it, or else "default"
 *	collect[]=NAME (repeated): only these of the collectors
 *
 * The request's Accept picks the format (http/accept.h).
 */
#ifndef SCRAPE_HTTP_H
#define SCRAPE_HTTP_H

struct request;

void scrape_serve(struct request *r, void *arg);
void scrape_serve_target(struct request *r, void *arg);

#endif
