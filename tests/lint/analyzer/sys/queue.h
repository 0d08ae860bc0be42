/*
 * For clang's analyzer alone: it believes that an element that was removed is
 * still the first, unless that comes from where it cannot look.
 */
#ifndef ANALYZER_SYS_QUEUE_H
#define ANALYZER_SYS_QUEUE_H

#include_next <sys/queue.h>

void *analyzer_unknown(const void *p);

#undef TAILQ_FIRST
#define TAILQ_FIRST(head)                                                      \
	((typeof((head)->tqh_first))analyzer_unknown((head)->tqh_first))
#undef SLIST_FIRST
#define SLIST_FIRST(head)                                                      \
	((typeof((head)->slh_first))analyzer_unknown((head)->slh_first))

#endif
