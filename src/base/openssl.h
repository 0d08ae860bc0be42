/* What both ends of TLS need of OpenSSL: its words, and no questions. */
#ifndef BASE_OPENSSL_H
#define BASE_OPENSSL_H

/*
 * OpenSSL's words for an error code, or the system's if it was that, or else
 * `otherwise`.
 */
const char *openssl_words(unsigned long code, const char *otherwise);

/* For a key with a passphrase (pem_password_cb): nobody is there to type it. */
int openssl_no_passphrase(char *buf, int size, int writing, void *arg);

#endif
