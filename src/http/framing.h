/*
 * Where a request ends (RFC 9112, section 6). evhttp passes over what it does
 * not understand there, and takes what follows for the next request; a proxy
 * in front may have taken it for a body. So what is in doubt is refused.
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

struct evkeyvalq;

enum framing {
	FRAMING_CLEAR, /* at the end of its header */
	FRAMING_BODY,  /* that evhttp has not read */
	FRAMING_IN_DOUBT
};

/* By the header of a request that evhttp takes for one without a body. */
enum framing framing_of(const struct evkeyvalq *headers);

#endif
