/*
 * The private node a replay runs against: a clearingd of the same build, on a
 * directory of its own, with a driven clock. Or none, where a running node is
 * used.
 */
#ifndef CLEARINGD_CMD_CLEARING_REPLAY_NODE_H
#define CLEARINGD_CMD_CLEARING_REPLAY_NODE_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct node {
    pid_t pid;
    char directory[4096];
    char socket_path[4200];
    char genesis_path[4200];
};

/* Writes genesis and configuration into `directory` (made anew, must not
 * exist or be one of ours) and starts clearingd beside our own program file.
 * Waits until it answers. False: *what. */
bool node_start(struct node *node, const char *directory, const json_t *genesis,
                char *what, size_t what_size);

/* Path of another program beside our own; false: it is not there. */
bool node_sibling(char path[PATH_MAX], const char *name);

/* SIGTERM, and waits for the orderly end. False: it ended badly. */
bool node_stop(struct node *node);

/* Removes the directory and everything in it. */
void node_remove(const struct node *node);

#endif
