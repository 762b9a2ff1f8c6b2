/*
 * Toward plus infinity is both "charges up" and "rebates down".
 */
#include "engine/fees_rules.h"
#include "engine/wide.h"

i128 fees_rules_charge(i128 quote, struct rate rate)
{
    return wide_div_ceil(quote * rate_raw(rate), RATE_ONE);
}

i128 fees_rules_maker(i128 charge, i128 taker_fee)
{
    return wide_max(charge, wide_min(-taker_fee, 0));
}

i128 fees_rules_part(i128 total, uint32_t ppm)
{
    return wide_div_floor(total * ppm, PPM_ONE);
}
