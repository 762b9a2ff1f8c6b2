/*
 * Bytes written down by hand, as a document draws them: the independent half
 * of a codec's tests. Knows nothing of the codecs.
 */
#ifndef CLEARINGD_TESTS_LIB_BYTES_DRAW_H
#define CLEARINGD_TESTS_LIB_BYTES_DRAW_H

#include <stddef.h>
#include <stdint.h>

struct draw {
    uint8_t bytes[4096];
    size_t size;
};

/* Little-endian, `size` bytes of a two's complement number. */
void draw_number(struct draw *draw, size_t size, int64_t value);

/* Big-endian. */
void draw_number_be(struct draw *draw, size_t size, uint64_t value);

/* `size` bytes counting up from `first`: an address, a hash, a label. */
void draw_run(struct draw *draw, size_t size, uint8_t first);

/* The same run into a field of a struct. */
void draw_fill(void *field, size_t size, uint8_t first);

#endif
