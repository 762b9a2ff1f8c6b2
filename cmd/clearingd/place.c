#include "cmd/clearingd/place.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A place in the text; at its end every look gives NUL. */
struct cursor {
    const char *at, *end;
};

static char look(const struct cursor *cursor)
{
    return cursor->at < cursor->end ? *cursor->at : '\0';
}

static void skip_space(struct cursor *cursor)
{
    while (cursor->at < cursor->end && strchr(" \t\r\n,:", *cursor->at))
        cursor->at++;
}

static void skip_string(struct cursor *cursor)
{
    cursor->at++;
    while (cursor->at < cursor->end && *cursor->at != '"')
        cursor->at += *cursor->at == '\\' ? 2 : 1;
    cursor->at++;
}

static void skip_value(struct cursor *cursor)
{
    unsigned depth = 0;

    do {
        skip_space(cursor);
        if (look(cursor) == '"') {
            skip_string(cursor);
        } else if (look(cursor) == '{' || look(cursor) == '[') {
            depth++;
            cursor->at++;
        } else if (look(cursor) == '}' || look(cursor) == ']') {
            depth--;
            cursor->at++;
        } else {
            while (look(cursor) != '\0' &&
                   !strchr(" \t\r\n,:{}[]\"", look(cursor)))
                cursor->at++;
        }
    } while (depth > 0 && cursor->at < cursor->end);
}

/* Moves from an object to the member's name; false: it has none such. */
static bool enter_member(struct cursor *cursor, const char *name, size_t size)
{
    struct cursor in = *cursor;

    if (look(&in) != '{')
        return false;
    in.at++;
    for (skip_space(&in); look(&in) == '"'; skip_space(&in)) {
        const char *key = in.at + 1;

        *cursor = in;
        skip_string(&in);
        if ((size_t)(in.at - key) == size + 1 && memcmp(key, name, size) == 0)
            return true;
        skip_value(&in);
    }
    return false;
}

/* Moves from an array to its element; false: it has not so many. */
static bool enter_element(struct cursor *cursor, unsigned long number)
{
    struct cursor in = *cursor;

    if (look(&in) != '[')
        return false;
    in.at++;
    for (skip_space(&in); look(&in) != ']' && look(&in) != '\0';
         skip_space(&in)) {
        if (number-- == 0) {
            *cursor = in;
            return true;
        }
        skip_value(&in);
    }
    return false;
}

/* From a member's name to its value. */
static void enter_value(struct cursor *cursor)
{
    if (look(cursor) == '"')
        skip_string(cursor);
    skip_space(cursor);
}

static unsigned line_of(const char *text, const char *at)
{
    unsigned line = 1;

    for (; text < at; text++)
        line += *text == '\n';
    return line;
}

unsigned place_line(const char *text, size_t size, const char *path)
{
    struct cursor cursor = {text, text + size};
    const char *found;

    if (strncmp(path, "line ", 5) == 0)
        return (unsigned)strtoul(path + 5, NULL, 10);
    skip_space(&cursor);
    found = cursor.at;
    while (*path != '\0') {
        size_t name = strcspn(path, ".[]");
        struct cursor next = cursor;

        if (*path == '[') {
            char *rest;
            unsigned long number = strtoul(path + 1, &rest, 10);

            if (!enter_element(&next, number))
                break;
            found = next.at;
            path = rest;
        } else if (name > 0) {
            if (!enter_member(&next, path, name))
                break;
            found = next.at;
            enter_value(&next);
            path += name;
        } else {
            path++;
        }
        cursor = next;
    }
    return line_of(text, found < cursor.end ? found : cursor.end);
}
