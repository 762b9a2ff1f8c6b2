/*
 * JSON for people: members as aligned lines, lists of objects as tables.
 */
#include "cmd/clearing-cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 12

const char *cli_text(const json_t *object, const char *name)
{
    static char buffers[16][40];
    static unsigned next;
    const json_t *value = name ? json_object_get(object, name) : object;
    char *buffer;

    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_true(value))
        return "yes";
    if (json_is_false(value))
        return "no";
    if (!json_is_number(value))
        return "";
    buffer = buffers[next++ % 16];
    if (json_is_integer(value))
        snprintf(buffer, sizeof *buffers, "%" JSON_INTEGER_FORMAT,
                 json_integer_value(value));
    else
        snprintf(buffer, sizeof *buffers, "%.10g", json_real_value(value));
    return buffer;
}

static bool is_plain(const json_t *value)
{
    return !json_is_object(value) && !json_is_array(value);
}

static bool is_table(const json_t *list)
{
    return json_array_size(list) > 0 && json_is_object(json_array_get(list, 0));
}

/* The widest text of a column, its head included. */
static size_t width_of(const json_t *list, const char *name)
{
    size_t width = strlen(name);

    for (size_t i = 0; i < json_array_size(list); i++) {
        size_t size = strlen(cli_text(json_array_get(list, i), name));

        if (size > width)
            width = size;
    }
    return width;
}

static void print_table(const json_t *list)
{
    const char *names[COLUMNS_MAX], *name;
    size_t widths[COLUMNS_MAX], count = 0;
    json_t *value;

    json_object_foreach(json_array_get(list, 0), name, value)
    {
        if (count == COLUMNS_MAX || !is_plain(value))
            continue;
        names[count] = name;
        widths[count++] = width_of(list, name);
    }
    for (size_t i = 0; i < count; i++)
        printf("%-*s  ", (int)widths[i], names[i]);
    putchar('\n');
    for (size_t row = 0; row < json_array_size(list); row++) {
        for (size_t i = 0; i < count; i++)
            printf("%-*s  ", (int)widths[i],
                   cli_text(json_array_get(list, row), names[i]));
        putchar('\n');
    }
}

static void print_list(const json_t *list)
{
    if (is_table(list)) {
        print_table(list);
        return;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);

        for (size_t j = 0; j < json_array_size(entry); j++)
            printf("%s%s", j ? "  " : "",
                   cli_text(json_array_get(entry, j), NULL));
        if (is_plain(entry))
            fputs(cli_text(entry, NULL), stdout);
        putchar('\n');
    }
}

void cli_print(const json_t *value)
{
    const char *name;
    json_t *member;

    if (json_is_array(value)) {
        print_list(value);
        return;
    }
    if (is_plain(value)) {
        puts(cli_text(value, NULL));
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)value, name,
                        member) if (is_plain(member))
        printf("%-24s %s\n", name, cli_text(member, NULL));
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        if (is_plain(member) ||
            (json_is_array(member) && json_array_size(member) == 0))
            continue;
        printf("%s:\n", name);
        cli_print(member);
    }
}

int cli_show(struct cli *cli, json_t *result,
             void (*print)(const json_t *result))
{
    if (!result)
        return CLI_FAILED;
    if (cli->json) {
        json_dumpf(result, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
        putchar('\n');
    } else {
        print(result);
    }
    json_decref(result);
    return CLI_DONE;
}
