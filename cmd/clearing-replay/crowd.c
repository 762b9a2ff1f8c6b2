#include "cmd/clearing-replay/crowd.h"

#include <stdio.h>
#include <stdlib.h>

#define UNIT 1000000LL /* one dollar */
#define MAKERS 4
#define MAKER_DEPOSIT (20000000 * UNIT)

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t crowd_random(struct crowd *crowd, uint64_t below)
{
    return next_random(&crowd->random) % below;
}

/* Most people take little leverage, a few take nearly all there is. */
static uint32_t draw_leverage(struct crowd *crowd)
{
    static const struct {
        uint32_t share, leverage;
    } shares[] = {{20, 2},  {15, 3}, {20, 5}, {20, 10},
                  {15, 20}, {6, 30}, {4, 42}};
    uint64_t r = crowd_random(crowd, 100);
    size_t i = 0;

    while (r >= shares[i].share)
        r -= shares[i++].share;
    return shares[i].leverage;
}

/* Deposits with a long tail: 500 dollars times 2^(0..8), spread between. */
static int64_t draw_deposit(struct crowd *crowd)
{
    int64_t base = 500 * UNIT;

    while (base < 128000 * UNIT && crowd_random(crowd, 100) < 48)
        base *= 2;
    return base + (int64_t)crowd_random(crowd, (uint64_t)base);
}

static enum trader_kind draw_kind(struct crowd *crowd)
{
    static const uint8_t shares[TRADER_KINDS] = {
        [TRADER_HOLDER] = 35, [TRADER_MOMENTUM] = 20, [TRADER_CONTRARIAN] = 15,
        [TRADER_HEDGER] = 12, [TRADER_NOISE] = 18,
    };
    uint64_t r = crowd_random(crowd, 100);
    unsigned kind = 0;

    while (r >= shares[kind])
        r -= shares[kind++];
    return (enum trader_kind)kind;
}

static bool set_key(struct trader *trader, const char *role, uint32_t number)
{
    char name[64];

    snprintf(name, sizeof name, "%s/%u", role, number);
    development_key(&trader->key, name);
    return secp_private_address(&trader->owner, &trader->key);
}

bool crowd_make(struct crowd *crowd, const struct world *world,
                uint32_t traders, uint64_t seed)
{
    bool is_made;

    *crowd = (struct crowd){
        .trader_count = traders, .maker_count = MAKERS, .random = seed};
    crowd->traders = calloc(traders, sizeof *crowd->traders);
    crowd->makers = calloc(MAKERS, sizeof *crowd->makers);
    is_made = crowd->traders && crowd->makers;
    for (uint32_t i = 0; is_made && i < traders; i++) {
        struct trader *trader = &crowd->traders[i];

        trader->kind = draw_kind(crowd);
        trader->deposit = draw_deposit(crowd);
        trader->leverage =
            trader->kind == TRADER_HEDGER ? 2 : draw_leverage(crowd);
        trader->market = (uint32_t)crowd_random(crowd, world->market_count);
        is_made = set_key(trader, "trader", i);
    }
    for (uint32_t i = 0; is_made && i < MAKERS; i++) {
        crowd->makers[i].deposit = MAKER_DEPOSIT;
        is_made = set_key(&crowd->makers[i], "maker", i);
    }
    return is_made;
}

void crowd_free(struct crowd *crowd)
{
    free(crowd->traders);
    free(crowd->makers);
}

/* Size worth deposit * leverage * 0.9, in whole lots. */
static int64_t full_size(const struct trader *trader,
                         const struct world_feed *feed, int64_t price)
{
    i128 quote = (i128)trader->deposit * trader->leverage * 9 / 10;
    i128 size = quote * 10000000000LL / price;

    return (int64_t)(size - size % feed->lot);
}

static int side_of(struct crowd *crowd, const struct trader *trader,
                   int64_t change_ppm)
{
    switch (trader->kind) {
    case TRADER_HOLDER:
        return 1;
    case TRADER_MOMENTUM:
        return change_ppm > 4000 ? 1 : change_ppm < -4000 ? -1 : 0;
    case TRADER_CONTRARIAN:
        return change_ppm > 8000 ? -1 : change_ppm < -8000 ? 1 : 0;
    case TRADER_HEDGER:
        return -1;
    case TRADER_NOISE:
    case TRADER_KINDS:
        return (int)crowd_random(crowd, 3) - 1;
    }
    return 0;
}

bool crowd_decide(struct crowd *crowd, const struct trader *trader,
                  const struct world_feed *feed, int64_t price,
                  int64_t change_ppm, int64_t progress_ppm, int64_t *size)
{
    bool is_early = progress_ppm < 250000;
    uint64_t chance =
        trader->kind == TRADER_HOLDER || trader->kind == TRADER_HEDGER
            ? (is_early ? 150 : 15)
            : 80;
    int side;

    if (crowd_random(crowd, 10000) >= chance)
        return false;
    side = side_of(crowd, trader, change_ppm);
    *size = side * full_size(trader, feed, price);
    return *size != trader->believed;
}

const char *trader_kind_name(enum trader_kind kind)
{
    static const char *const names[] = {
        [TRADER_HOLDER] = "holders",
        [TRADER_MOMENTUM] = "momentum",
        [TRADER_CONTRARIAN] = "contrarians",
        [TRADER_HEDGER] = "hedgers",
        [TRADER_NOISE] = "noise",
    };

    return kind < TRADER_KINDS ? names[kind] : "";
}
