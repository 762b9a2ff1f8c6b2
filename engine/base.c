#include "engine/base.h"

_Noreturn void abort(void);

struct check_failure check_failure_last;

static void (*failure_handler)(const struct check_failure *failure);

void check_on_failure(void (*handler)(const struct check_failure *failure))
{
    failure_handler = handler;
}

_Noreturn void check_failed(const char *file, uint32_t line,
                            const char *condition)
{
    check_failure_last.file = file;
    check_failure_last.line = line;
    check_failure_last.condition = condition;
    if (failure_handler)
        failure_handler(&check_failure_last);
    abort();
}
