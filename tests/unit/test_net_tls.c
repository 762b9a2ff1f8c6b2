/*
 * The same protocols through TLS, by a client of OpenSSL's.
 */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tests/unit/net_world.h"

TestSuite(net_tls, .timeout = 60);

/* A key and a certificate signed by itself, as PEM files. */
static void certificate_make(const char *certificate_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    cr_assert(key && certificate);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    cr_assert(X509_set_pubkey(certificate, key));
    cr_assert(X509_sign(certificate, key, EVP_sha256()));
    FILE *file = fopen(certificate_path, "w");
    cr_assert(file && PEM_write_X509(file, certificate) && !fclose(file));
    file = fopen(key_path, "w");
    cr_assert(file &&
              PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) &&
              !fclose(file));
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static SSL *tls_dial(struct world *world, SSL_CTX *context)
{
    int fd = world_dial(world);
    SSL *ssl = SSL_new(context);
    cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    cr_assert(SSL_set_fd(ssl, fd));
    int shaken = -1;
    for (int i = 0; i < 2000 && shaken != 1; i++) {
        shaken = SSL_connect(ssl);
        world_turn(world);
    }
    cr_assert_eq(shaken, 1);
    return ssl;
}

static void tls_exchange(struct world *world, SSL *ssl, const char *sent,
                         size_t sent_len, char *got, size_t got_len)
{
    size_t have = 0;
    for (uint64_t until_ms = now_ms() + WAIT_MS;
         (sent_len || have < got_len) && now_ms() < until_ms;) {
        int len = sent_len ? SSL_write(ssl, sent, (int)sent_len) : 0;
        if (len > 0) {
            sent += len;
            sent_len -= (size_t)len;
        }
        world_turn(world);
        len = have < got_len ? SSL_read(ssl, got + have, (int)(got_len - have))
                             : 0;
        have += len > 0 ? (size_t)len : 0;
    }
    cr_assert_eq(have, got_len);
}

/* Reads a reply's head, up to its empty line. */
static void tls_head(struct world *world, SSL *ssl, char *head, size_t size)
{
    size_t len = 0;
    memset(head, 0, size);
    while (len < size - 1 && !strstr(head, "\r\n\r\n"))
        tls_exchange(world, ssl, "", 0, head + len++, 1);
}

struct tls_world {
    struct world world;
    SSL_CTX *client;
};

static void tls_world_init(struct tls_world *tls)
{
    struct world *world = &tls->world;
    char certificate[64];
    char key[64];
    world_init(world);
    (void)snprintf(certificate, sizeof(certificate), "%s/c", world->folder);
    (void)snprintf(key, sizeof(key), "%s/k", world->folder);
    certificate_make(certificate, key);
    world->options.tls_certificate_path = certificate;
    world->options.tls_key_path = key;
    world->options.request_ms_max = 1000;
    world_web(world);
    cr_assert_eq(unlink(certificate) + unlink(key), 0);
    tls->client = SSL_CTX_new(TLS_client_method());
}

static void tls_world_end(struct tls_world *tls)
{
    SSL_CTX_free(tls->client);
    world_end(&tls->world);
}

static void tls_hang_up(SSL *ssl)
{
    close(SSL_get_fd(ssl));
    SSL_free(ssl);
}

Test(net_tls, requests_and_messages_pass)
{
    enum { BYTES = 200000 };
    struct tls_world tls;
    char head[1024];
    tls_world_init(&tls);
    struct world *world = &tls.world;
    SSL *ssl = tls_dial(world, tls.client);
    static const char request[] = "GET /t HTTP/1.1\r\n" HOST "\r\n";
    static const char body[] = "GET /t o= a= c= b=";
    tls_exchange(world, ssl, request, sizeof(request) - 1, head, 0);
    tls_head(world, ssl, head, sizeof(head));
    cr_assert_eq(strncmp(head, "HTTP/1.1 200 OK\r\n", 17), 0);
    tls_exchange(world, ssl, "", 0, head, sizeof(body) - 1);
    cr_assert_eq(memcmp(head, body, sizeof(body) - 1), 0);
    static const char upgrade[] = "GET /ws/api/v2 HTTP/1.1\r\n" UPGRADE
                                  "Sec-WebSocket-Version: 13\r\n\r\n";
    tls_exchange(world, ssl, upgrade, sizeof(upgrade) - 1, head, 0);
    tls_head(world, ssl, head, sizeof(head));
    cr_assert_eq(strncmp(head, "HTTP/1.1 101 ", 13), 0);
    char *plain = malloc(BYTES);
    char *frame = malloc(BYTES + 14);
    char *got = malloc(BYTES + 10);
    memset(plain, 't', BYTES);
    size_t len = frame_make(frame, 0x81, plain, BYTES);
    tls_exchange(world, ssl, frame, len, got, BYTES + 10);
    cr_assert_eq(memcmp(got, "\x81\x7f\0\0\0\0\0\3\x0d\x40", 10), 0);
    cr_assert_eq(memcmp(got + 10, plain, BYTES), 0);
    free(plain);
    free(frame);
    free(got);
    /* The end of the session is the end of the connection. */
    (void)SSL_shutdown(ssl);
    world_until(world, world->closes == world->opens);
    tls_hang_up(ssl);
    tls_world_end(&tls);
}

Test(net_tls, paused_input_is_not_lost)
{
    struct tls_world tls;
    char got[8];
    tls_world_init(&tls);
    struct world *world = &tls.world;
    world->mode = WORLD_HOLD;
    SSL *ssl = tls_dial(world, tls.client);
    static const char two[] = "GET /1 HTTP/1.1\r\n" HOST "\r\n"
                              "GET /2 HTTP/1.1\r\n" HOST "\r\n";
    tls_exchange(world, ssl, two, sizeof(two) - 1, got, 0);
    for (int i = 1; i <= 2; i++) {
        char head[1024];
        world_until(world, world->requests == i);
        net_pause(world->server, world->http);
        cr_assert(net_http_reply(world->server, world->http, 204, NULL, NULL, 0,
                                 NET_HEADER_NONE));
        tls_head(world, ssl, head, sizeof(head));
        cr_assert_eq(strncmp(head, "HTTP/1.1 204 ", 13), 0);
        world_pass(world, 30);
        cr_assert_eq(world->requests, i);
        net_resume(world->server, world->http);
    }
    tls_hang_up(ssl);
    tls_world_end(&tls);
}

Test(net_tls, what_is_no_handshake_is_closed)
{
    struct tls_world tls;
    tls_world_init(&tls);
    struct world *world = &tls.world;
    int silent = world_dial(world);
    int fd = world_dial(world);
    cr_assert(put_text(world, fd, "GET / HTTP/1.1\r\n" HOST "\r\n"));
    world_until(world, world_stats(world).http_open == 1);
    close(fd);
    expect_end(world, silent);
    cr_assert_eq(world_stats(world).closed_timeout, 1);
    for (int i = 0; i < 50; i++) {
        SSL *ssl = tls_dial(world, tls.client);
        hang_up(SSL_get_fd(ssl));
        SSL_free(ssl);
    }
    world_until(world, world_stats(world).http_open == 0);
    cr_assert_eq(world->opens, 0);
    tls_world_end(&tls);
}

Test(net_tls, the_end_says_goodbye)
{
    struct tls_world tls;
    char byte;
    tls_world_init(&tls);
    struct world *world = &tls.world;
    SSL *ssl = tls_dial(world, tls.client);
    world_pass(world, 20);
    net_shutdown(world->server, 3000, world_done, world);
    world_pass(world, 20);
    cr_assert_leq(SSL_read(ssl, &byte, 1), 0);
    cr_assert(SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);
    tls_hang_up(ssl);
    world_until(world, world->done);
    tls_world_end(&tls);
}
