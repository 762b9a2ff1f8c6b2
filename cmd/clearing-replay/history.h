/*
 * Price histories: bars read from CSV files, plain or gzipped, with the
 * columns time_unix_ms,venue,symbol,open,high,low,close,volume. A symbol is
 * BASE/QUOTE, or BASE/QUOTE:SETTLE for a perpetual. A missing bar is absent.
 */
#ifndef CLEARINGD_CMD_CLEARING_REPLAY_HISTORY_H
#define CLEARINGD_CMD_CLEARING_REPLAY_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_SERIES_MAX 256
#define HISTORY_NAME_BYTES 24

/* One venue's prices of one symbol. */
struct series {
    char venue[HISTORY_NAME_BYTES], base[HISTORY_NAME_BYTES],
        quote[HISTORY_NAME_BYTES];
    bool is_perpetual;
    size_t bars;
};

/* Prices in 1e-8; digits beyond are cut. */
struct bar {
    int64_t time_ms; /* of its opening */
    uint32_t series;
    int64_t open, high, low, close;
};

struct history {
    struct bar *bars; /* by time, then series */
    size_t count, capacity;
    struct series series[HISTORY_SERIES_MAX];
    uint32_t series_count;
    int64_t interval_ms; /* the shortest step between two bars of a series */
};

/* Adds a file's bars; false: *what names the line and what is wrong. */
bool history_read(struct history *history, const char *path, char *what,
                  size_t what_size);

/* Sorts and finds the interval; after the last file. False: no bars. */
bool history_finish(struct history *history);

void history_free(struct history *history);

#endif
