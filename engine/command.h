/*
 * The engine's input: one command, its index and its time. What has a
 * signature arrives here verified; `signer` is who signed. The bytes of each
 * command are drawn in docs/DATA.md and made by engine/command_codec.c.
 *
 * A command borrows its variable parts (legs, lists, reports) from the
 * buffer it was decoded from.
 */
#ifndef CLEARINGD_ENGINE_COMMAND_H
#define CLEARINGD_ENGINE_COMMAND_H

#include "engine/limits.h"

/* On disk: append only. */
enum command_kind {
    COMMAND_TICK = 1,
    COMMAND_BLOCK = 2,
    COMMAND_DEPOSIT = 3,
    COMMAND_REPORT = 4,
    COMMAND_ORDER = 5,
    COMMAND_CANCEL = 6,
    COMMAND_CANCEL_ALL = 7,
    COMMAND_REPLACE = 8,
    COMMAND_BATCH = 9,
    COMMAND_TRANSFER = 10,
    COMMAND_WITHDRAW = 11,
    COMMAND_AUTHORIZE_KEY = 12,
    COMMAND_REVOKE_KEY = 13,
    COMMAND_SET_LEVERAGE = 14,
};

enum side {
    SIDE_BUY = 0,
    SIDE_SELL = 1,
};

enum order_type {
    ORDER_LIMIT = 0,
    ORDER_MARKET = 1,
    ORDER_STOP_LIMIT = 2,
    ORDER_STOP_MARKET = 3,
    ORDER_TAKE_LIMIT = 4,
    ORDER_TAKE_MARKET = 5,
};

enum time_in_force {
    TIF_GOOD_TIL_CANCELLED = 0,
    TIF_GOOD_TIL_TIME = 1,
    TIF_IMMEDIATE_OR_CANCEL = 2,
    TIF_FILL_OR_KILL = 3,
};

enum trigger_by {
    TRIGGER_NONE = 0,
    TRIGGER_MARK = 1,
    TRIGGER_INDEX = 2,
    TRIGGER_LAST = 3,
};

/* Session key scopes, a mask. None allows to withdraw or to manage keys. */
enum key_scope {
    SCOPE_TRADE = 1,    /* orders, replaces, cancels, leverage */
    SCOPE_CANCEL = 2,   /* cancels only */
    SCOPE_TRANSFER = 4, /* between the owner's own sub-accounts */
};

/* The head of everything signed by an owner or a session key. */
struct request {
    struct address owner;
    uint32_t subaccount;
    struct address signer; /* the owner, or a session key */
    uint64_t nonce;
    struct nanos expires;
    uint64_t digest; /* first 8 bytes of the signed digest */
};

struct label {
    uint8_t length; /* 0..LABEL_BYTES_MAX, any bytes (UTF-8 checked at rpc) */
    char bytes[LABEL_BYTES_MAX];
};

struct order_terms {
    uint16_t market;
    uint8_t side;          /* enum side */
    uint8_t type;          /* enum order_type */
    uint8_t time_in_force; /* enum time_in_force */
    uint8_t trigger;       /* enum trigger_by */
    bool is_post_only;
    bool is_reduce_only;
    bool has_max_fee;
    struct qty size;    /* > 0 */
    struct price price; /* 0 for market types */
    struct price trigger_price;
    struct nanos good_til;
    struct amount max_fee; /* total over the order's life */
    struct label label;
};

struct report_point {
    uint16_t feed;
    struct price price;      /* as reported, any int64 */
    struct price confidence; /* 0 where none was given */
};

/* One data package of one reporter. */
struct report_package {
    uint16_t reporter;
    struct nanos timestamp;
    uint32_t point_count;
    const struct report_point *points;
};

struct command {
    enum command_kind kind;
    uint64_t index;         /* 1 is the first */
    struct nanos time;      /* never before the command before */
    struct request request; /* signed kinds only */
    union {
        struct {
            uint64_t height, first_index, last_index;
            struct nanos time;
            struct hash32 journal_hash, state_root, hash;
        } block;
        struct {
            struct account_id account;
            uint16_t asset;
            struct amount amount;
            struct hash32 reference, digest;
            uint64_t validators; /* mask of those who signed this message */
        } deposit;
        struct {
            uint32_t package_count;
            const struct report_package *packages;
        } report;
        struct order_terms order;
        struct {
            uint64_t order_id;
        } cancel;
        struct {
            uint16_t market; /* MARKET_ALL: every market */
        } cancel_all;
        struct {
            uint64_t order_id;
            struct qty size;            /* new total; 0: unchanged */
            struct price price;         /* 0: unchanged */
            struct price trigger_price; /* 0: unchanged */
        } replace;
        struct {
            uint32_t order_count, cancel_count;
            const struct order_terms *orders; /* applied first, in order */
            const uint64_t *cancels;          /* then these */
        } batch;
        struct {
            uint32_t to_subaccount;
            uint16_t asset;
            struct amount amount;
        } transfer;
        struct {
            uint16_t asset;
            struct amount amount;
            struct address recipient;
        } withdraw;
        struct {
            struct address key;
            uint32_t scopes; /* mask of enum key_scope */
            uint32_t subaccount_count, market_count; /* 0: all */
            const uint32_t *subaccounts;
            const uint16_t *markets;
            struct amount max_exposure; /* 0: no limit */
            struct nanos expires;
        } authorize;
        struct {
            struct address key;
        } revoke;
        struct {
            uint16_t market;
            struct rate initial_rate; /* own, at least the market's; 0: none */
        } leverage;
    };
};

/* Memory that a decoded command borrows from; about 32 KiB. */
struct command_buffer {
    struct order_terms orders[BATCH_LEGS_MAX];
    uint64_t cancels[BATCH_LEGS_MAX];
    struct report_package packages[REPORT_PACKAGES_MAX];
    struct report_point points[REPORT_PACKAGES_MAX * REPORT_POINTS_MAX];
    uint32_t subaccounts[KEY_LIST_MAX];
    uint16_t markets[KEY_LIST_MAX];
};

#define COMMAND_BYTES_MAX 131072

/* Bytes of a command without index and time (the batch has them). Returns
 * the size, 0 when capacity is too small or a count is over its limit. */
size_t command_encode(uint8_t *bytes, size_t capacity,
                      const struct command *command);

/* The command back; index and time are left alone. False on anything that is
 * not exactly one command (short, trailing bytes, unknown kind, an enum or
 * flag out of range, non-canonical): never reads past size. */
must_use bool command_decode(struct command *command,
                             struct command_buffer *buffer,
                             const uint8_t *bytes, size_t size);

#endif
