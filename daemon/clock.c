#include "daemon/clock.h"

#include <time.h>

static struct timespec read_clock(clockid_t id)
{
    struct timespec now;

    check(clock_gettime(id, &now) == 0);
    return now;
}

struct nanos clock_wall(void)
{
    struct timespec now = read_clock(CLOCK_REALTIME);

    return nanos_of(now.tv_sec * NANOS_PER_SECOND + now.tv_nsec);
}

uint64_t clock_wall_us(void)
{
    struct timespec now = read_clock(CLOCK_REALTIME);

    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

uint64_t clock_steady_ns(void)
{
    struct timespec now = read_clock(CLOCK_MONOTONIC);

    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
