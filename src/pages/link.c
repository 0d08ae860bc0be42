#include "pages/link.h"

#include <string.h>

#include "base/address.h"
#include "base/span.h"

/* All but the unreserved characters of RFC 3986, section 2.3. */
static void
add_encoded(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		unsigned char lower = c | 0x20;

		if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c) != NULL)
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

void
link_add_query(struct buf *out, const char *name, const struct address *address,
    const char *module)
{
	char text[ADDRESS_TEXT_MAX];

	address_text(address, text);
	buf_printf(out, "?%s=", name);
	add_encoded(out, text);
	if (!is_set(module))
		return;
	buf_add_str(out, "&amp;module=");
	add_encoded(out, module);
}
