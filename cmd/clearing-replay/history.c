#include "cmd/clearing-replay/history.h"

#include "rpc/decimal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define LINE_BYTES 512
#define COLUMNS 8

/* A decimal cut to eight places. */
static bool parse_price(int64_t *price, const char *text)
{
    const char *point = strchr(text, '.');
    size_t size = strlen(text);

    if (point && (size_t)(point - text) + 1 + PRICE_PLACES < size)
        size = (size_t)(point - text) + 1 + PRICE_PLACES;
    return decimal_parse(price, text, size, PRICE_PLACES) == DECIMAL_OK &&
           *price > 0;
}

static bool copy_name(char name[HISTORY_NAME_BYTES], const char *text,
                      size_t size)
{
    if (size == 0 || size >= HISTORY_NAME_BYTES)
        return false;
    memcpy(name, text, size);
    name[size] = '\0';
    return true;
}

/* Splits "BASE/QUOTE" or "BASE/QUOTE:SETTLE". */
static bool parse_symbol(struct series *series, const char *symbol)
{
    const char *slash = strchr(symbol, '/');
    const char *colon = strchr(symbol, ':');
    size_t size = strlen(symbol);

    if (!slash)
        return false;
    series->is_perpetual = colon != NULL;
    if (colon)
        size = (size_t)(colon - symbol);
    return copy_name(series->base, symbol, (size_t)(slash - symbol)) &&
           copy_name(series->quote, slash + 1,
                     size - (size_t)(slash + 1 - symbol));
}

static bool is_same(const struct series *a, const struct series *b)
{
    return strcmp(a->venue, b->venue) == 0 && strcmp(a->base, b->base) == 0 &&
           strcmp(a->quote, b->quote) == 0 &&
           a->is_perpetual == b->is_perpetual;
}

/* Number of the series, added when new; UINT32_MAX: too many. */
static uint32_t series_of(struct history *history, const struct series *series)
{
    for (uint32_t i = 0; i < history->series_count; i++)
        if (is_same(&history->series[i], series))
            return i;
    if (history->series_count == HISTORY_SERIES_MAX)
        return UINT32_MAX;
    history->series[history->series_count] = *series;
    return history->series_count++;
}

static bool append(struct history *history, const struct bar *bar)
{
    if (history->count == history->capacity) {
        size_t capacity = history->capacity ? 2 * history->capacity : 4096;
        struct bar *bars =
            realloc(history->bars, capacity * sizeof *history->bars);

        if (!bars)
            return false;
        history->bars = bars;
        history->capacity = capacity;
    }
    history->bars[history->count++] = *bar;
    history->series[bar->series].bars++;
    return true;
}

static bool parse_line(struct history *history, char *line)
{
    char *columns[COLUMNS], *rest = line;
    struct series series = {0};
    struct bar bar;
    char *end;

    for (int i = 0; i < COLUMNS; i++) {
        columns[i] = strsep(&rest, ",");
        if (!columns[i])
            return false;
    }
    bar.time_ms = strtoll(columns[0], &end, 10);
    if (*end || bar.time_ms <= 0 || rest ||
        !copy_name(series.venue, columns[1], strlen(columns[1])) ||
        !parse_symbol(&series, columns[2]) ||
        !parse_price(&bar.open, columns[3]) ||
        !parse_price(&bar.high, columns[4]) ||
        !parse_price(&bar.low, columns[5]) ||
        !parse_price(&bar.close, columns[6]))
        return false;
    if (bar.low > bar.open || bar.low > bar.close || bar.high < bar.open ||
        bar.high < bar.close)
        return false;
    bar.series = series_of(history, &series);
    return bar.series != UINT32_MAX && append(history, &bar);
}

bool history_read(struct history *history, const char *path, char *what,
                  size_t what_size)
{
    char line[LINE_BYTES];
    gzFile file = gzopen(path, "rb");
    size_t number = 0;
    bool is_good = true;

    if (!file) {
        snprintf(what, what_size, "%s: cannot be opened", path);
        return false;
    }
    while (is_good && gzgets(file, line, sizeof line)) {
        number++;
        line[strcspn(line, "\r\n")] = '\0';
        if (number == 1 && strncmp(line, "time_unix_ms,", 13) == 0)
            continue;
        is_good = line[0] == '\0' || parse_line(history, line);
    }
    if (!is_good)
        snprintf(what, what_size,
                 "%s:%zu: not time,venue,symbol,open,high,low,close,volume",
                 path, number);
    else if (!gzeof(file)) {
        is_good = false;
        snprintf(what, what_size, "%s: damaged after line %zu", path, number);
    }
    gzclose(file);
    return is_good;
}

static int compare(const void *a, const void *b)
{
    const struct bar *left = a, *right = b;

    if (left->time_ms != right->time_ms)
        return left->time_ms < right->time_ms ? -1 : 1;
    return (left->series > right->series) - (left->series < right->series);
}

bool history_finish(struct history *history)
{
    int64_t last[HISTORY_SERIES_MAX] = {0};

    if (history->count == 0)
        return false;
    qsort(history->bars, history->count, sizeof *history->bars, compare);
    history->interval_ms = INT64_MAX;
    for (size_t i = 0; i < history->count; i++) {
        const struct bar *bar = &history->bars[i];
        int64_t step = bar->time_ms - last[bar->series];

        if (last[bar->series] && step > 0 && step < history->interval_ms)
            history->interval_ms = step;
        last[bar->series] = bar->time_ms;
    }
    if (history->interval_ms == INT64_MAX)
        history->interval_ms = 60000;
    return true;
}

void history_free(struct history *history)
{
    free(history->bars);
    *history = (struct history){0};
}
