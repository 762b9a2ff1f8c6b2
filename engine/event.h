/*
 * The engine's output: what a command did, in order. Answers, pushes, history
 * and metrics are made from events alone. Bytes: docs/DATA.md, made by
 * engine/event_codec.c.
 */
#ifndef CLEARINGD_ENGINE_EVENT_H
#define CLEARINGD_ENGINE_EVENT_H

#include "engine/command.h"
#include "engine/house.h"
#include "engine/result.h"

/* On disk: append only. */
enum event_kind {
    EVENT_REFUSED = 1,
    EVENT_ORDER = 2,
    EVENT_TRADE = 3,
    EVENT_LEDGER = 4,
    EVENT_POSITION = 5,
    EVENT_DEPOSIT = 6,
    EVENT_WITHDRAWAL = 7,
    EVENT_KEY = 8,
    EVENT_LEVERAGE = 9,
    EVENT_REPORT = 10,
    EVENT_INDEX = 11,
    EVENT_MARK = 12,
    EVENT_FUNDING = 13,
    EVENT_LIQUIDATION = 14,
    EVENT_ADL = 15,
    EVENT_MARKET_STATE = 16,
    EVENT_BLOCK = 17,
    EVENT_REPEAT = 18,
    EVENT_CANCELLED_COUNT = 19,
};

enum order_state {
    ORDER_OPEN = 0,
    ORDER_FILLED = 1,
    ORDER_CANCELLED = 2,
    ORDER_REJECTED = 3,
    ORDER_UNTRIGGERED = 4,
    ORDER_EXPIRED = 5,
};

/* Why an order ended or changed. Append only. */
enum order_reason {
    REASON_NONE = 0,
    REASON_USER = 1,        /* cancel or replace by request */
    REASON_IMMEDIATE = 2,   /* the rest of an immediate-or-cancel order */
    REASON_MARGIN = 3,      /* rule 5 failed just before a fill */
    REASON_REDUCE_ONLY = 4, /* nothing left to reduce */
    REASON_SELF_TRADE = 5,
    REASON_LIQUIDATION = 6, /* the account is in liquidation */
    REASON_MAX_FEE = 7,
    REASON_TIME = 8,      /* good_til passed */
    REASON_TRIGGERED = 9, /* left the trigger list for the book */
    REASON_BAND = 10,
    REASON_CAPACITY = 11,
    REASON_POSITION_LIMIT = 12,
    REASON_REFUSED = 13, /* a trigger order refused when it fired */
};

enum liquidation_step {
    STEP_BEGIN = 0,     /* the account fell below maintenance */
    STEP_CANCEL = 1,    /* its orders that add risk were cancelled */
    STEP_BOOK = 2,      /* a part closed through the book */
    STEP_INSURANCE = 3, /* closed beyond the bankruptcy price, fund's money */
    STEP_ADL = 4,       /* closed against winners */
    STEP_DEFICIT = 5,   /* nothing left to close: the fund paid up to zero */
    STEP_SHORTFALL = 6, /* what the fund could not pay */
    STEP_END = 7,       /* healthy again, or flat */
};

/* Grades of a price, worst last (SPEC, oracle). */
enum grade {
    GRADE_VALID = 0,
    GRADE_UNCERTAIN = 1,
    GRADE_VOLATILE = 2,
    GRADE_STALE = 3,
    GRADE_NON_POSITIVE = 4,
    GRADE_NONE = 5, /* there never was a price */
};

/* What a market takes. */
enum market_state {
    MARKET_OPEN = 0,
    MARKET_CANCEL_ONLY = 1,
    MARKET_POST_ONLY = 2,
    MARKET_QUARANTINED = 3,
};

struct order_view {
    uint64_t id;
    struct account_id account;
    struct order_terms terms; /* price and size as they are now */
    uint8_t state;            /* enum order_state */
    uint8_t reason;           /* enum order_reason */
    uint16_t result;          /* enum result - 0, or why a trigger failed */
    struct qty filled;
    struct amount filled_quote; /* sum of the fills' notionals */
    struct amount fee_paid;
    struct nanos created, updated;
};

/* The leg of what concerns a whole batch: its refusal before any leg. */
#define LEG_WHOLE 255

struct event {
    enum event_kind kind;
    uint8_t leg; /* of a batch: orders first, then cancels; else 0 */
    union {
        struct {
            enum result result;
            enum param param;
            struct amount required, available; /* 0 where they say nothing */
        } refused;
        /* The identical request again; its first outcome are the events of
         * the command with this index. */
        struct {
            uint64_t index;
        } repeat;
        /* After everything a command did to it, once per order and command
         * (a resting order that traded too). */
        struct order_view order;
        struct {
            uint64_t id;       /* over all markets */
            uint64_t sequence; /* of this market */
            uint16_t market;
            uint8_t taker_side;
            bool is_liquidation;
            struct price price, mark, index;
            struct qty size;
            struct account_id maker, taker;
            uint64_t maker_order, taker_order;  /* taker 0: liquidation */
            struct amount maker_fee, taker_fee; /* negative: rebate */
        } trade;
        struct {
            struct account_id from, to; /* amount > 0 goes from -> to */
            uint16_t asset;
            uint8_t code;    /* enum ledger_code */
            uint16_t market; /* MARKET_ALL: none */
            struct amount amount;
            struct amount from_balance, to_balance; /* after */
            uint64_t reference; /* trade, order, withdrawal id or 0 */
        } ledger;
        struct {
            struct account_id account;
            uint16_t market;
            struct qty size;        /* after */
            struct amount cost;     /* after */
            struct amount realised; /* by this change */
            struct amount funding;  /* settled by this change, + received */
        } position;
        struct {
            struct account_id account;
            uint16_t asset;
            struct amount amount;
            struct hash32 reference;
            uint32_t signatures, threshold;
            bool is_credited;     /* now or earlier */
            bool is_first_credit; /* by this command */
        } deposit;
        struct {
            uint64_t id;
            struct account_id account;
            uint16_t asset;
            struct amount amount;
            struct address recipient;
        } withdrawal;
        struct {
            struct address owner, key;
            uint32_t scopes; /* 0: revoked */
            struct nanos expires;
        } key;
        struct {
            struct account_id account;
            uint16_t market;
            struct rate initial_rate;
        } leverage;
        struct {
            uint16_t reporter;
            struct nanos timestamp;
            enum result result; /* of the package: ok or why not */
            uint32_t accepted;  /* points taken */
        } report;
        struct {
            uint16_t feed;
            struct price price, confidence;
            uint8_t grade; /* enum grade */
            uint32_t used; /* reporters that voted */
            struct price slow;
        } index;
        struct {
            uint16_t market;
            struct price mark, index;
            struct price ema; /* signed */
        } mark;
        struct {
            uint16_t market;
            struct rate premium; /* mean over the interval */
            struct rate rate_8h;
            i128 index_change;  /* 1e-17 quote per base */
            i128 index;         /* cumulative, after */
            struct price price; /* the index price used */
        } funding;
        struct {
            struct account_id account;
            uint16_t market; /* MARKET_ALL for account-wide steps */
            uint8_t step;    /* enum liquidation_step */
            struct amount equity, maintenance; /* before the step */
            struct qty size; /* closed by the step, signed as closed */
            struct price limit, bankruptcy; /* worst price, 0: none */
            struct amount quote;          /* received (+) or paid (-) for it */
            struct amount fee, insurance; /* to the fund, by the fund */
        } liquidation;
        struct {
            struct account_id account; /* whose position was taken */
            struct account_id against; /* the liquidated account */
            uint16_t market;
            struct qty size; /* signed, by which account's size changed */
            struct price mark, bankruptcy;
            struct amount quote;
            struct amount taken; /* against the mark: what it gave up */
        } adl;
        struct {
            uint16_t market;
            uint8_t state, reason;
        } market_state;
        struct {
            uint64_t height;
        } block;
        struct {
            uint32_t count;
        } cancelled;
    };
};

/* Where events go. emit is called in order, synchronously; the event is the
 * engine's again when it returns. It must not call the engine. */
struct event_sink {
    void (*emit)(struct event_sink *sink, const struct event *event);
};

#define EVENT_BYTES_MAX 512

/* Size written, 0 when the capacity is too small. */
size_t event_encode(uint8_t *bytes, size_t capacity, const struct event *event);

/* Reads one event, sets *used; false when the bytes are none. */
must_use bool event_decode(struct event *event, size_t *used,
                           const uint8_t *bytes, size_t size);

#endif
