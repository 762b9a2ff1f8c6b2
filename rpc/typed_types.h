/*
 * The typed messages that are signed: one struct for each primary type, and
 * one table that says for each its name and its fields in order. Whoever fills,
 * hashes, prints or stores a message walks the table; whoever acts on one reads
 * the struct.
 *
 * Texts are spans into memory of the request (or of the journal), arrays are
 * spans into a struct typed_scratch: a message owns nothing and lives as long
 * as they do. Decimals stay the text that was sent, since that was signed.
 *
 * The kinds' numbers are written to the journal: append only.
 */
#ifndef CLEARINGD_RPC_TYPED_TYPES_H
#define CLEARINGD_RPC_TYPED_TYPES_H

#include "engine/limits.h"

/* Most elements of any array. */
#define TYPED_ITEMS_MAX BATCH_LEGS_MAX
/* Longest text of any field, bytes. */
#define TYPED_TEXT_MAX 128
/* Most fields of a type. */
#define TYPED_FIELDS_MAX 17

enum typed_kind {
    TYPED_NONE = 0,
    TYPED_ORDER = 1,
    TYPED_CANCEL = 2,
    TYPED_CANCEL_ALL = 3,
    TYPED_REPLACE = 4,
    TYPED_BATCH = 5,
    TYPED_TRANSFER = 6,
    TYPED_WITHDRAW = 7,
    TYPED_AUTHORIZE_KEY = 8,
    TYPED_REVOKE_KEY = 9,
    TYPED_SET_LEVERAGE = 10,
    TYPED_VAULT_DEPOSIT = 11,
    TYPED_VAULT_WITHDRAW = 12,
    TYPED_DEPOSIT = 13,
    TYPED_KINDS /* one past the last */
};

/* A text of `size` bytes without NUL; bytes may be NULL when size is 0. */
struct typed_text {
    const char *bytes;
    size_t size;
};

struct typed_numbers {
    const uint32_t *items;
    size_t count;
};

struct typed_texts {
    const struct typed_text *items;
    size_t count;
};

struct typed_orders {
    const struct typed_order *items;
    size_t count;
};

struct typed_cancels {
    const struct typed_cancel *items;
    size_t count;
};

struct typed_order {
    struct address owner;
    uint32_t subaccount;
    struct typed_text instrument_name;
    struct typed_text direction;
    struct typed_text amount;
    struct typed_text price;
    struct typed_text type;
    struct typed_text time_in_force;
    uint64_t good_til;
    bool post_only;
    bool reduce_only;
    struct typed_text trigger_price;
    struct typed_text trigger;
    struct typed_text max_fee;
    struct typed_text label;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_cancel {
    struct address owner;
    uint32_t subaccount;
    struct typed_text order_id;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_cancel_all {
    struct address owner;
    uint32_t subaccount;
    struct typed_text instrument_name;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_replace {
    struct address owner;
    uint32_t subaccount;
    struct typed_text order_id;
    struct typed_text amount;
    struct typed_text price;
    struct typed_text trigger_price;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_batch {
    struct address owner;
    uint32_t subaccount;
    struct typed_orders orders;
    struct typed_cancels cancels;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_transfer {
    struct address owner;
    uint32_t subaccount;
    uint32_t to_subaccount;
    struct typed_text currency;
    struct typed_text amount;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_withdraw {
    struct address owner;
    uint32_t subaccount;
    struct typed_text currency;
    struct typed_text amount;
    struct address recipient;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_authorize_key {
    struct address owner;
    struct address key;
    struct typed_text scopes;
    struct typed_numbers subaccounts;
    struct typed_texts instruments;
    struct typed_text max_exposure;
    uint64_t key_expires;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_revoke_key {
    struct address owner;
    struct address key;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_set_leverage {
    struct address owner;
    uint32_t subaccount;
    struct typed_text instrument_name;
    struct typed_text initial_rate;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_vault_deposit {
    struct address owner;
    uint32_t subaccount;
    struct typed_text currency;
    struct typed_text amount;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_vault_withdraw {
    struct address owner;
    uint32_t subaccount;
    struct typed_text shares;
    uint64_t nonce;
    uint64_t expires;
};

struct typed_deposit {
    struct address owner;
    uint32_t subaccount;
    struct typed_text currency;
    struct typed_text amount;
    struct hash32 reference;
};

struct typed_message {
    enum typed_kind kind;
    union {
        struct typed_order order;
        struct typed_cancel cancel;
        struct typed_cancel_all cancel_all;
        struct typed_replace replace;
        struct typed_batch batch;
        struct typed_transfer transfer;
        struct typed_withdraw withdraw;
        struct typed_authorize_key authorize_key;
        struct typed_revoke_key revoke_key;
        struct typed_set_leverage set_leverage;
        struct typed_vault_deposit vault_deposit;
        struct typed_vault_withdraw vault_withdraw;
        struct typed_deposit deposit;
    };
};

/* Room for the arrays of one message; about 35 KB, one for each thread that
 * fills messages. */
struct typed_scratch {
    struct typed_order orders[TYPED_ITEMS_MAX];
    struct typed_cancel cancels[TYPED_ITEMS_MAX];
    struct typed_text texts[TYPED_ITEMS_MAX];
    uint32_t numbers[TYPED_ITEMS_MAX];
};

/* What a field is in Solidity, and the C type that holds it. */
enum typed_field_kind {
    TYPED_FIELD_ADDRESS, /* address   struct address */
    TYPED_FIELD_UINT32,  /* uint32    uint32_t */
    TYPED_FIELD_UINT64,  /* uint64    uint64_t */
    TYPED_FIELD_STRING,  /* string    struct typed_text */
    TYPED_FIELD_BOOL,    /* bool      bool */
    TYPED_FIELD_BYTES32, /* bytes32   struct hash32 */
    TYPED_FIELD_UINT32S, /* uint32[]  struct typed_numbers */
    TYPED_FIELD_STRINGS, /* string[]  struct typed_texts */
    TYPED_FIELD_ORDERS,  /* Order[]   struct typed_orders */
    TYPED_FIELD_CANCELS, /* Cancel[]  struct typed_cancels */
};

struct typed_field {
    const char *name;
    enum typed_field_kind kind;
    uint16_t offset;  /* of the value in the type's struct */
    bool required;    /* has no default: a request must name it */
    bool shared;      /* a leg of a Batch has the batch's own value */
    const char *text; /* default of a string; NULL where it is "" */
};

struct typed_type {
    const char *name; /* "CancelAll" */
    const struct typed_field *fields;
    size_t fields_count;
};

/* The table's row; NULL for a number that is no kind. */
const struct typed_type *typed_type_of(enum typed_kind kind);

/* The Solidity name of a field's kind: "uint32[]". */
const char *typed_field_solidity(enum typed_field_kind kind);

/* The kind of the elements: TYPED_ORDER or TYPED_CANCEL for arrays of
 * messages, TYPED_NONE for all else. */
enum typed_kind typed_field_items(enum typed_field_kind kind);

/* Sets every field to its default: zero, false, "", no elements, or the
 * table's text. The kind must be one. */
void typed_message_init(struct typed_message *message, enum typed_kind kind);

/* The same for the struct alone, as for a leg: body is the type's struct. */
void typed_body_init(void *body, enum typed_kind kind);

/* The struct inside the message: the address its field offsets count from. */
void *typed_message_body(struct typed_message *message);
const void *typed_message_body_const(const struct typed_message *message);

/* The owner of any kind of message. */
const struct address *typed_message_owner(const struct typed_message *message);

/* nonce and expires (ms) of a message; 0 for a Deposit, which has neither. */
uint64_t typed_message_nonce(const struct typed_message *message);
uint64_t typed_message_expires(const struct typed_message *message);

#endif
