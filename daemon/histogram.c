#include "daemon/histogram.h"

const uint64_t histogram_bounds_ns[HISTOGRAM_BUCKETS] = {
    10000,      20000,      50000,      100000,     200000,
    500000,     1000000,    2000000,    5000000,    10000000,
    20000000,   50000000,   100000000,  200000000,  500000000,
    1000000000, 2000000000, 5000000000, 10000000000};

const char *const histogram_bounds_text[HISTOGRAM_BUCKETS] = {
    "1e-05", "2e-05", "5e-05", "0.0001", "0.0002", "0.0005", "0.001",
    "0.002", "0.005", "0.01",  "0.02",   "0.05",   "0.1",    "0.2",
    "0.5",   "1",     "2",     "5",      "10"};

/* One writer: no need for an atomic addition. */
static void add(_Atomic uint64_t *counter, uint64_t value)
{
    uint64_t old = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, old + value, memory_order_relaxed);
}

void histogram_add(struct histogram *histogram, uint64_t value_ns)
{
    uint32_t low = 0, high = HISTOGRAM_BUCKETS;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (value_ns <= histogram_bounds_ns[middle])
            high = middle;
        else
            low = middle + 1;
    }
    add(&histogram->counts[low], 1);
    add(&histogram->sum_ns, value_ns);
}
