#include "cmd/clearing-bench/stopwatch.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#define CALIBRATION_NS 50000000u
#define EMPTY_SPANS 20001u

static double ticks_per_ns = 1;
static uint64_t empty_ticks;

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t wall_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void wall_sleep_until(uint64_t until_ns)
{
    const struct timespec until = {(time_t)(until_ns / 1000000000u),
                                   (long)(until_ns % 1000000000u)};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR)
        continue;
}

uint64_t span_mark(void)
{
#if defined(__x86_64__)
    uint64_t ticks;

    _mm_lfence();
    ticks = __rdtsc();
    _mm_lfence();
    return ticks;
#else
    return wall_ns();
#endif
}

void span_calibrate(void)
{
    uint64_t *spans = malloc(EMPTY_SPANS * sizeof *spans);
    uint64_t wall = wall_ns(), ticks = span_mark();

    while (wall_ns() - wall < CALIBRATION_NS)
        continue;
    ticks_per_ns = (double)(span_mark() - ticks) / (double)(wall_ns() - wall);
    if (!spans)
        return;
    for (size_t i = 0; i < EMPTY_SPANS; i++) {
        uint64_t mark = span_mark();

        spans[i] = span_mark() - mark;
    }
    empty_ticks = percentile_u64(spans, EMPTY_SPANS, 0.5);
    free(spans);
}

uint32_t span_ns(uint64_t from, uint64_t to)
{
    uint64_t ticks = to - from;
    double ns;

    if (ticks <= empty_ticks)
        return 0;
    ns = (double)(ticks - empty_ticks) / ticks_per_ns;
    return ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static int by_u32(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static int by_u64(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static int by_double(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static size_t rank(size_t count, double percentile)
{
    size_t at = (size_t)((double)count * percentile);

    return at < count ? at : count - 1;
}

uint32_t percentile_u32(uint32_t *values, size_t count, double percentile)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, by_u32);
    return values[rank(count, percentile)];
}

uint64_t percentile_u64(uint64_t *values, size_t count, double percentile)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, by_u64);
    return values[rank(count, percentile)];
}

double median(double *values, size_t count)
{
    if (count == 0)
        return 0;
    qsort(values, count, sizeof *values, by_double);
    return count % 2 ? values[count / 2]
                     : (values[count / 2 - 1] + values[count / 2]) / 2;
}
