#include "tests/lib/random.h"

/* Splitmix64 (Steele, Lea, Flood 2014). */
uint64_t random_u64(struct random_state *random)
{
    uint64_t z = random->word += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t random_below(struct random_state *random, uint64_t count)
{
    return random_u64(random) % count;
}

int64_t random_between(struct random_state *random, int64_t low, int64_t high)
{
    return low + (int64_t)random_below(random, (uint64_t)(high - low) + 1);
}

bool random_chance(struct random_state *random, uint32_t percent)
{
    return random_below(random, 100) < percent;
}

int64_t random_wild(struct random_state *random)
{
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1,       0,
                                   1,         INT64_MAX - 1, INT64_MAX};
    uint64_t bit = UINT64_C(1) << random_below(random, 63);

    switch (random_below(random, 5)) {
    case 0:
        return random_between(random, -20, 20);
    case 1:
        return (int64_t)bit + random_between(random, -1, 1) *
                                  (bit < UINT64_C(1) << 62 ? 1 : 0);
    case 2:
        return -(int64_t)bit;
    case 3:
        return ends[random_below(random, sizeof ends / sizeof *ends)];
    default:
        return (int64_t)(random_u64(random) >> random_below(random, 64));
    }
}

void random_bytes(struct random_state *random, void *bytes, size_t size)
{
    uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)random_u64(random);
}
