#include "engine/terms_codec.h"

enum {
    FLAG_POST_ONLY = 1,
    FLAG_REDUCE_ONLY = 2,
    FLAG_MAX_FEE = 4,
    FLAGS_ALL = 7,
};

static void label_get(struct bytes_reader *reader, struct label *label)
{
    memset(label->bytes, 0, sizeof label->bytes);
    if (!reader->is_bad)
        bytes_get(reader, label->bytes, label->length);
}

void terms_put(struct bytes_writer *writer, const struct order_terms *terms)
{
    uint32_t flags = (terms->is_post_only ? FLAG_POST_ONLY : 0u) |
                     (terms->is_reduce_only ? FLAG_REDUCE_ONLY : 0u) |
                     (terms->has_max_fee ? FLAG_MAX_FEE : 0u);

    if (terms->label.length > LABEL_BYTES_MAX) {
        writer->is_bad = true;
        return;
    }
    bytes_put_u16(writer, terms->market);
    bytes_put_u8(writer, terms->side);
    bytes_put_u8(writer, terms->type);
    bytes_put_u8(writer, terms->time_in_force);
    bytes_put_u8(writer, terms->trigger);
    bytes_put_u8(writer, (uint8_t)flags);
    bytes_put_u8(writer, terms->label.length);
    bytes_put_qty(writer, terms->size);
    bytes_put_price(writer, terms->price);
    bytes_put_price(writer, terms->trigger_price);
    bytes_put_nanos(writer, terms->good_til);
    bytes_put_amount(writer,
                     terms->has_max_fee ? terms->max_fee : amount_of(0));
    bytes_put(writer, terms->label.bytes, terms->label.length);
}

void terms_get(struct bytes_reader *reader, struct order_terms *terms)
{
    uint8_t flags;

    terms->market = bytes_get_u16(reader);
    terms->side = bytes_get_u8_max(reader, SIDE_SELL);
    terms->type = bytes_get_u8_max(reader, ORDER_TAKE_MARKET);
    terms->time_in_force = bytes_get_u8_max(reader, TIF_FILL_OR_KILL);
    terms->trigger = bytes_get_u8_max(reader, TRIGGER_LAST);
    flags = bytes_get_u8_max(reader, FLAGS_ALL);
    terms->is_post_only = (flags & FLAG_POST_ONLY) != 0;
    terms->is_reduce_only = (flags & FLAG_REDUCE_ONLY) != 0;
    terms->has_max_fee = (flags & FLAG_MAX_FEE) != 0;
    terms->label.length = bytes_get_u8_max(reader, LABEL_BYTES_MAX);
    terms->size = bytes_get_qty(reader);
    terms->price = bytes_get_price(reader);
    terms->trigger_price = bytes_get_price(reader);
    terms->good_til = bytes_get_nanos(reader);
    terms->max_fee = bytes_get_amount(reader);
    if (!terms->has_max_fee && !amount_is_zero(terms->max_fee))
        reader->is_bad = true;
    label_get(reader, &terms->label);
}
