/*
 * The page's files, for pages/assets.c: from NAME_begin up to NAME_end. In
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
	file page_css, src/pages/page.css
	file page_js, src/pages/page.js
	file page_svg, src/pages/page.svg

	.section .note.GNU-stack, "", %progbits
