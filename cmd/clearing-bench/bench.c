#include "cmd/clearing-bench/bench.h"

uint64_t bench_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void bench_figure(json_t *figures, const char *name, double value,
                  const char *unit, const char *against, double ratio)
{
    json_t *figure = json_pack("{ss sf ss ss}", "name", name, "value", value,
                               "unit", unit, "against", against);

    if (!figure)
        return;
    json_object_set_new(figure, "ratio",
                        ratio >= 0 ? json_real(ratio) : json_null());
    json_array_append_new(figures, figure);
}
