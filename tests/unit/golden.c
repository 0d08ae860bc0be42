/* Prints the metrics of a folder of fixtures/stats: its expected.prom. */
#include "stats/text.h"
#include "transcript.h"

int
main(int argc, char **argv)
{
	struct error e;
	struct buf out;
	int r = 1;

	buf_init(&out, TEXT_BYTES_MAX);
	if (argc != 2)
		(void)fprintf(stderr, "usage: golden FOLDER\n");
	else if (transcript_render(argv[1], &out, &e) < 0)
		(void)fprintf(stderr, "golden: %s\n", e.text);
	else
		r = fwrite(out.p, 1, out.len, stdout) != out.len;
	buf_release(&out);
	return r;
}
