/*
 * WebSocket framing (RFC 6455, server side): frame heads, masking, the
 * handshake's accept text, and the UTF-8 test for text messages. Pure
 * functions over bytes; net/web_socket.h is the connection's behaviour.
 */
#ifndef CLEARINGD_NET_WEBSOCKET_H
#define CLEARINGD_NET_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base.h"

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

/* Codes of a close frame. */
enum websocket_code {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_UNSUPPORTED = 1003,
    WEBSOCKET_INVALID_TEXT = 1007,
    WEBSOCKET_TOO_LARGE = 1009,
};

enum websocket_parse {
    WEBSOCKET_MORE, /* the head is not complete */
    WEBSOCKET_HEAD,
    WEBSOCKET_BROKEN, /* against the protocol: close with 1002 */
};

struct websocket_frame {
    bool final;
    enum websocket_opcode opcode;
    uint8_t mask[4];
    size_t head_len;
    uint64_t payload_len;
};

#define WEBSOCKET_HEAD_BYTES_MAX 10 /* of a server's frame */
#define WEBSOCKET_ACCEPT_BYTES 28

/* Reads a client's frame head. Broken: unmasked, reserved bits, unknown
 * opcode, control frame longer than 125 or in fragments, a length with its top
 * bit set or written longer than needed. */
enum websocket_parse websocket_parse(struct websocket_frame *frame,
                                     const char *bytes, size_t len);

/* Takes the mask off, in place. */
void websocket_unmask(char *bytes, size_t len, const uint8_t mask[4]);

/* Writes the head of a final server frame; its length, 2 to 10. */
size_t websocket_head_write(char head[WEBSOCKET_HEAD_BYTES_MAX],
                            enum websocket_opcode opcode, uint64_t len);

/* Sec-WebSocket-Accept for a Sec-WebSocket-Key; no NUL is written. False: key
 * is not the base64 of 16 bytes, or the digest could not be had. */
bool websocket_accept(char accept[WEBSOCKET_ACCEPT_BYTES], const char *key,
                      size_t len);

/* A close code that a peer may send. */
bool websocket_code_valid(uint32_t code);

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
bool websocket_text_valid(const char *text, size_t len);

#endif
