#include "daemon/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINES_PER_SECOND 200u

static const char *const names[LOG_LEVEL_COUNT] = {"error", "warning", "info",
                                                   "debug"};
/* What sd-daemon(3) calls SD_ERR, SD_WARNING, SD_INFO, SD_DEBUG. */
static const char priorities[LOG_LEVEL_COUNT] = {'3', '4', '6', '7'};

static struct {
    atomic_int level;
    bool is_journal;
    pthread_mutex_t mutex;
    time_t second; /* the one being counted */
    uint32_t lines, dropped;
} state = {.level = LOG_LEVEL_INFO, .mutex = PTHREAD_MUTEX_INITIALIZER};

/* JOURNAL_STREAM names the stream by device and inode, as a child of ours
 * might have had its stderr turned elsewhere. */
static bool is_journal_stream(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat file;
    char expected[64];

    if (!stream || fstat(STDERR_FILENO, &file) != 0)
        return false;
    snprintf(expected, sizeof expected, "%ju:%ju", (uintmax_t)file.st_dev,
             (uintmax_t)file.st_ino);
    return strcmp(stream, expected) == 0;
}

void log_start(enum log_level level)
{
    state.is_journal = is_journal_stream();
    log_set_level(level);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&state.level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
    return (enum log_level)atomic_load_explicit(&state.level,
                                                memory_order_relaxed);
}

const char *log_level_name(enum log_level level)
{
    return names[level];
}

bool log_level_of(enum log_level *level, const char *name)
{
    for (int i = 0; i < LOG_LEVEL_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    return false;
}

const char *log_quote(struct log_quoted *quoted, const char *text)
{
    size_t used = 0;

    quoted->text[used++] = '"';
    for (; *text != '\0' && used < sizeof quoted->text - 6; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\') {
            quoted->text[used++] = '\\';
            quoted->text[used++] = (char)byte;
        } else if (byte < 0x20 || byte == 0x7f) {
            used += (size_t)snprintf(quoted->text + used, 5, "\\x%02x", byte);
        } else {
            quoted->text[used++] = (char)byte;
        }
    }
    quoted->text[used++] = '"';
    quoted->text[used] = '\0';
    return quoted->text;
}

static size_t put_head(char *line, size_t size, enum log_level level,
                       const struct timespec *now)
{
    struct tm parts;
    char text[32];

    if (state.is_journal)
        return (size_t)snprintf(line, size, "<%c>", priorities[level]);
    if (!gmtime_r(&now->tv_sec, &parts) ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) == 0)
        text[0] = '\0';
    return (size_t)snprintf(line, size, "time=%s.%03ldZ level=%s ", text,
                            now->tv_nsec / 1000000, names[level]);
}

static void put_line(const char *line, size_t size)
{
    /* A log that can't be written has nobody to tell it to. */
    if (write(STDERR_FILENO, line, size) < 0)
        return;
}

static void put_dropped(uint32_t count, const struct timespec *now)
{
    char line[160];
    size_t used = put_head(line, sizeof line, LOG_LEVEL_WARNING, now);

    used += (size_t)snprintf(line + used, sizeof line - used,
                             "event=log_lines_dropped count=%u\n", count);
    put_line(line, used);
}

/* Whether there is room for one more line in this second. */
static bool is_admitted(enum log_level level, const struct timespec *now)
{
    if (state.second != now->tv_sec) {
        if (state.dropped > 0)
            put_dropped(state.dropped, now);
        state.second = now->tv_sec;
        state.lines = state.dropped = 0;
    }
    if (state.lines >= LINES_PER_SECOND && level != LOG_LEVEL_ERROR) {
        state.dropped++;
        return false;
    }
    state.lines++;
    return true;
}

void log_write(enum log_level level, const char *event, const char *fields, ...)
{
    char line[LOG_LINE_BYTES_MAX];
    struct timespec now;
    va_list values;
    size_t used;
    int more;

    if (level > log_get_level())
        return;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    used = put_head(line, sizeof line, level, &now);
    used += (size_t)snprintf(line + used, sizeof line - used, "event=%s%s",
                             event, fields[0] != '\0' ? " " : "");
    va_start(values, fields);
    more = vsnprintf(line + used, sizeof line - used, fields, values);
    va_end(values);
    if (more > 0)
        used += (size_t)more;
    if (used > sizeof line - 1)
        used = sizeof line - 1;
    line[used++] = '\n';
    (void)pthread_mutex_lock(&state.mutex);
    if (is_admitted(level, &now))
        put_line(line, used);
    (void)pthread_mutex_unlock(&state.mutex);
}
