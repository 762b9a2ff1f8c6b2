/*
 * The log: one line an event on stderr, "event=NAME key=value ...", with time
 * and level before it; where stderr is the journal of systemd, with its "<n>"
 * priority in their place. The only room that logs is this one.
 *
 * A flood is cut: beyond a number of lines a second the rest is dropped and
 * counted, and the count is said when there is room again. Errors always pass.
 */
#ifndef CLEARINGD_DAEMON_LOG_H
#define CLEARINGD_DAEMON_LOG_H

#include "engine/base.h"

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
    LOG_LEVEL_COUNT
};

#define LOG_LINE_BYTES_MAX 2048
#define LOG_TEXT_BYTES_MAX 700

/* Finds out where stderr goes. Once, before other threads. */
void log_start(enum log_level level);

/* Any thread. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* "error", "warning", "info", "debug". */
const char *log_level_name(enum log_level level);
must_use bool log_level_of(enum log_level *level, const char *name);

/* Writes one line if the level is on. fields is a printf format that makes
 * "key=value key=value" (or is ""); texts that are not plain words go through
 * log_quote. Longer lines are cut. Any thread. */
void log_write(enum log_level level, const char *event, const char *fields, ...)
    __attribute__((format(printf, 3, 4)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

struct log_quoted {
    char text[LOG_TEXT_BYTES_MAX];
};

/* A text as a value: in double quotes, with quotes, backslashes and control
 * bytes escaped, cut to fit. Returns quoted->text. */
const char *log_quote(struct log_quoted *quoted, const char *text);

#endif
