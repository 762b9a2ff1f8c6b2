/*
 * Where in a JSON text something stands: the line of a path such as
 * "instruments[0].tick_size", so that a fault found in the parsed document can
 * be told as file and line.
 */
#ifndef CLEARINGD_CMD_CLEARINGD_PLACE_H
#define CLEARINGD_CMD_CLEARINGD_PLACE_H

#include <stddef.h>

/* Line (from 1) of the deepest part of the path that is there; the text is
 * valid JSON. "line N" is line N of any text. */
unsigned place_line(const char *text, size_t size, const char *path);

#endif
