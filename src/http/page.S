/*
 * The page's files, for http/assets.c: from NAME_begin up to NAME_end. In
 * assembly, since C has no way to include a file's bytes.
 */
#ifdef __CET__
#include <cet.h>
#endif

	.macro file name:req, path:req
	.globl \name\()_begin, \name\()_end
	.hidden \name\()_begin, \name\()_end
\name\()_begin:
	.incbin "\path"
\name\()_end:
	.endm

	.section .rodata
	file page_css, src/http/page.css
	file page_js, src/http/page.js
	file page_svg, src/http/page.svg

	.section .note.GNU-stack, "", %progbits
