#include "tests/lib/bytes_draw.h"

void draw_number(struct draw *draw, size_t size, int64_t value)
{
    for (size_t i = 0; i < size; i++)
        draw->bytes[draw->size++] = (uint8_t)(i < 8 ? (uint64_t)value >> (8 * i)
                                              : value < 0 ? 255
                                                          : 0);
}

void draw_number_be(struct draw *draw, size_t size, uint64_t value)
{
    for (size_t i = size; i > 0; i--)
        draw->bytes[draw->size++] = (uint8_t)(value >> (8 * (i - 1)));
}

void draw_run(struct draw *draw, size_t size, uint8_t first)
{
    draw_fill(&draw->bytes[draw->size], size, first);
    draw->size += size;
}

void draw_fill(void *field, size_t size, uint8_t first)
{
    uint8_t *bytes = field;

    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(first + i);
}
