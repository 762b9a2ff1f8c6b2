/*
 * TLS as a filter between memory and memory: records in, plain bytes out, and
 * the other way round. It knows no socket. Protocol 1.2 and up, server side,
 * no client certificates, no renegotiation.
 */
#ifndef CLEARINGD_NET_TLS_H
#define CLEARINGD_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base.h"
#include "net/queue.h"

struct tls;
struct tls_context;

/* NULL: certificate or key unreadable, or not a pair. */
struct tls_context *tls_context_new(const char *certificate_path,
                                    const char *key_path);
void tls_context_free(struct tls_context *context);

/* NULL: no memory. */
struct tls *tls_new(struct tls_context *context);
void tls_free(struct tls *tls);

/* Takes records read from the wire. False: no memory. */
bool must_use tls_feed(struct tls *tls, const char *bytes, size_t len);

/* The next plain bytes: their number, 0: none until more is fed, -1: the
 * peer broke the protocol, -2: the peer ended the session. Answers of the
 * handshake are left for tls_drain. */
int tls_read(struct tls *tls, char *bytes, size_t capacity);

/* Moves plain bytes from out, as records, to wire, while wire holds less than
 * one read's worth; also the handshake's own records. False: broken. */
bool must_use tls_drain(struct tls *tls, struct queue *out, struct queue *wire);

/* Adds the closing record to wire, once. */
void tls_end(struct tls *tls, struct queue *wire);

#endif
