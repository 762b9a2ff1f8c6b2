/*
 * Frame heads are parsed whole from contiguous bytes: at most 14 of them.
 * Masking works on eight bytes at a time through memcpy, which compilers turn
 * into plain loads and stores. Text is tested eight ASCII bytes at a time.
 */
#include "net/websocket.h"

#include <openssl/evp.h>
#include <string.h>

#define KEY_TEXT_BYTES 24
#define KEY_BYTES 16
#define CONTROL_BYTES_MAX 125
#define MASK_BYTES 4

static bool opcode_known(unsigned opcode)
{
    return opcode <= WEBSOCKET_BINARY ||
           (opcode >= WEBSOCKET_CLOSE && opcode <= WEBSOCKET_PONG);
}

static uint64_t length_read(const uint8_t *bytes, size_t width)
{
    uint64_t length = 0;
    for (size_t i = 0; i < width; i++)
        length = length << 8 | bytes[i];
    return length;
}

enum websocket_parse websocket_parse(struct websocket_frame *frame,
                                     const char *bytes, size_t len)
{
    const uint8_t *head = (const uint8_t *)bytes;
    if (len < 2)
        return WEBSOCKET_MORE;
    unsigned opcode = head[0] & 0x0f;
    unsigned short_len = head[1] & 0x7f;
    if (head[0] & 0x70 || !(head[1] & 0x80) || !opcode_known(opcode))
        return WEBSOCKET_BROKEN;
    frame->final = head[0] & 0x80;
    frame->opcode = (enum websocket_opcode)opcode;
    if (opcode >= WEBSOCKET_CLOSE &&
        (short_len > CONTROL_BYTES_MAX || !frame->final))
        return WEBSOCKET_BROKEN;
    size_t width = short_len == 126 ? 2 : short_len == 127 ? 8 : 0;
    frame->head_len = 2 + width + MASK_BYTES;
    if (len < frame->head_len)
        return WEBSOCKET_MORE;
    frame->payload_len = width ? length_read(head + 2, width) : short_len;
    if ((width == 2 && frame->payload_len < 126) ||
        (width == 8 &&
         (frame->payload_len <= UINT16_MAX || frame->payload_len > INT64_MAX)))
        return WEBSOCKET_BROKEN;
    memcpy(frame->mask, head + 2 + width, MASK_BYTES);
    return WEBSOCKET_HEAD;
}

void websocket_unmask(char *bytes, size_t len, const uint8_t mask[4])
{
    uint8_t pattern[8];
    uint64_t wide;
    memcpy(pattern, mask, 4);
    memcpy(pattern + 4, mask, 4);
    memcpy(&wide, pattern, sizeof(wide));
    size_t at = 0;
    for (; at + sizeof(wide) <= len; at += sizeof(wide)) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof(word));
        word ^= wide;
        memcpy(bytes + at, &word, sizeof(word));
    }
    for (; at < len; at++)
        bytes[at] = (char)((uint8_t)bytes[at] ^ mask[at & 3]);
}

size_t websocket_head_write(char head[WEBSOCKET_HEAD_BYTES_MAX],
                            enum websocket_opcode opcode, uint64_t len)
{
    uint8_t *out = (uint8_t *)head;
    out[0] = (uint8_t)(0x80u | (unsigned)opcode);
    if (len < 126) {
        out[1] = (uint8_t)len;
        return 2;
    }
    size_t width = len <= UINT16_MAX ? 2 : 8;
    out[1] = width == 2 ? 126 : 127;
    for (size_t i = 0; i < width; i++)
        out[2 + i] = (uint8_t)(len >> (8 * (width - 1 - i)));
    return 2 + width;
}

bool websocket_accept(char accept[WEBSOCKET_ACCEPT_BYTES], const char *key,
                      size_t len)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[KEY_TEXT_BYTES + sizeof(guid) - 1];
    unsigned char bytes[KEY_BYTES + 2]; /* the padding decodes to zeros */
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char base64[WEBSOCKET_ACCEPT_BYTES + 1];
    unsigned digest_len = 0;
    if (len != KEY_TEXT_BYTES || key[21] == '=' || key[22] != '=' ||
        key[23] != '=')
        return false;
    memcpy(text, key, KEY_TEXT_BYTES);
    if (EVP_DecodeBlock(bytes, text, KEY_TEXT_BYTES) != (int)sizeof(bytes))
        return false;
    memcpy(text + KEY_TEXT_BYTES, guid, sizeof(guid) - 1);
    if (!EVP_Digest(text, sizeof(text), digest, &digest_len, EVP_sha1(), NULL))
        return false;
    if (EVP_EncodeBlock(base64, digest, (int)digest_len) !=
        WEBSOCKET_ACCEPT_BYTES)
        return false;
    memcpy(accept, base64, WEBSOCKET_ACCEPT_BYTES);
    return true;
}

bool websocket_code_valid(uint32_t code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
           code != 1006;
}

/* The length of the sequence that begins here, 0: none valid. */
static size_t sequence_len(const uint8_t *at, size_t len)
{
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t lead = at[0];
    size_t width = lead < 0x80             ? 1
                   : (lead & 0xe0) == 0xc0 ? 2
                   : (lead & 0xf0) == 0xe0 ? 3
                   : (lead & 0xf8) == 0xf0 ? 4
                                           : 0;
    if (width < 2)
        return width;
    if (width > len)
        return 0;
    uint32_t point = lead & (0xffu >> (width + 1));
    for (size_t i = 1; i < width; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3fu);
    }
    if (point < least[width] || point > 0x10ffff ||
        (point >= 0xd800 && point <= 0xdfff))
        return 0;
    return width;
}

bool websocket_text_valid(const char *text, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)text;
    size_t at = 0;
    while (at < len) {
        uint64_t word;
        if (at + sizeof(word) <= len) {
            memcpy(&word, bytes + at, sizeof(word));
            if (!(word & UINT64_C(0x8080808080808080))) {
                at += sizeof(word);
                continue;
            }
        }
        size_t width = sequence_len(bytes + at, len - at);
        if (!width)
            return false;
        at += width;
    }
    return true;
}
