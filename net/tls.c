/*
 * OpenSSL over two memory BIOs. A memory BIO never blocks, so the only
 * reasons to stop are: more input is needed, or the handshake is not done.
 * Renegotiation is off, hence writing never waits for reading afterwards.
 */
#include "net/tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_BYTES_MAX 65536

struct tls_context {
    SSL_CTX *ssl;
};

struct tls {
    SSL *ssl;
    BIO *input;  /* owned by ssl */
    BIO *output; /* owned by ssl */
    bool ended;
};

/* Clients that insist on negotiation get the one protocol there is. */
static int protocol_choose(SSL *ssl, const unsigned char **out,
                           unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in,
                              in_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool context_load(SSL_CTX *ssl, const char *certificate_path,
                         const char *key_path)
{
    return SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1 &&
           SSL_CTX_use_certificate_chain_file(ssl, certificate_path) == 1 &&
           SSL_CTX_use_PrivateKey_file(ssl, key_path, SSL_FILETYPE_PEM) == 1 &&
           SSL_CTX_check_private_key(ssl) == 1;
}

struct tls_context *tls_context_new(const char *certificate_path,
                                    const char *key_path)
{
    ERR_clear_error();
    struct tls_context *context = malloc(sizeof(*context));
    SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
    if (!context || !ssl || !context_load(ssl, certificate_path, key_path)) {
        ERR_clear_error();
        SSL_CTX_free(ssl);
        free(context);
        return NULL;
    }
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION |
                                       SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE);
    /* Idle connections then hold no record buffers. */
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(ssl, protocol_choose, NULL);
    context->ssl = ssl;
    return context;
}

void tls_context_free(struct tls_context *context)
{
    if (!context)
        return;
    SSL_CTX_free(context->ssl);
    free(context);
}

struct tls *tls_new(struct tls_context *context)
{
    struct tls *tls = calloc(1, sizeof(*tls));
    if (!tls)
        return NULL;
    tls->ssl = SSL_new(context->ssl);
    tls->input = BIO_new(BIO_s_mem());
    tls->output = BIO_new(BIO_s_mem());
    if (!tls->ssl || !tls->input || !tls->output) {
        BIO_free(tls->input);
        BIO_free(tls->output);
        SSL_free(tls->ssl);
        free(tls);
        return NULL;
    }
    SSL_set_bio(tls->ssl, tls->input, tls->output);
    SSL_set_accept_state(tls->ssl);
    return tls;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl);
    free(tls);
}

bool tls_feed(struct tls *tls, const char *bytes, size_t len)
{
    return len <= INT_MAX && BIO_write(tls->input, bytes, (int)len) == (int)len;
}

int tls_read(struct tls *tls, char *bytes, size_t capacity)
{
    ERR_clear_error();
    int len =
        SSL_read(tls->ssl, bytes, capacity < INT_MAX ? (int)capacity : INT_MAX);
    if (len > 0)
        return len;
    int reason = SSL_get_error(tls->ssl, len);
    ERR_clear_error();
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
        return 0;
    return reason == SSL_ERROR_ZERO_RETURN ? -2 : -1;
}

static bool output_move(struct tls *tls, struct queue *wire)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(tls->output, &bytes);
    if (len <= 0)
        return true;
    bool moved = queue_append(wire, bytes, (size_t)len);
    (void)BIO_reset(tls->output);
    return moved;
}

bool tls_drain(struct tls *tls, struct queue *out, struct queue *wire)
{
    ERR_clear_error();
    while (out->len && wire->len < WIRE_BYTES_MAX &&
           SSL_is_init_finished(tls->ssl)) {
        uv_buf_t piece;
        (void)queue_peek(out, &piece, 1);
        int len = piece.len < WIRE_BYTES_MAX ? (int)piece.len : WIRE_BYTES_MAX;
        if (SSL_write(tls->ssl, piece.base, len) != len) {
            ERR_clear_error();
            return false;
        }
        queue_consume(out, (size_t)len);
        if (!output_move(tls, wire))
            return false;
    }
    return output_move(tls, wire);
}

void tls_end(struct tls *tls, struct queue *wire)
{
    if (tls->ended)
        return;
    tls->ended = true;
    ERR_clear_error();
    if (SSL_is_init_finished(tls->ssl))
        (void)SSL_shutdown(tls->ssl);
    ERR_clear_error();
    (void)output_move(tls, wire);
}
