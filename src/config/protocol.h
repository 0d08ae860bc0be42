/* Words of the flags and of the file for how to speak to a server. */
#ifndef CONFIG_PROTOCOL_H
#define CONFIG_PROTOCOL_H

#define PROTOCOLS 2

/* By whether it is the binary one: "ascii", "binary". */
extern const char *const protocol_names[PROTOCOLS];

/* By whether it is SASL: "ascii", "sasl". */
extern const char *const auth_names[PROTOCOLS];

#endif
