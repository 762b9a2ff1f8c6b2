/*
 * Talking to the node with many requests under way: a queue of calls whose
 * answers are handed to a callback each, in any order.
 */
#ifndef CLEARINGD_CMD_CLEARING_REPLAY_TALK_H
#define CLEARINGD_CMD_CLEARING_REPLAY_TALK_H

#include "cmd/common/client.h"

struct talk;

/* What is done with an answer: the result, or NULL and the node's error
 * object. Both are borrowed. */
typedef void talk_answer(void *ctx, uint64_t tag, const json_t *result,
                         const json_t *error);

struct talk *talk_open(const char *socket_path);
void talk_close(struct talk *talk);

/* Sends a call; takes over params. False: the node is gone. */
bool talk_send(struct talk *talk, const char *method, json_t *params,
               talk_answer *answer, void *ctx, uint64_t tag);

/* Waits until everything sent is answered. False: the node is gone. */
bool talk_wait(struct talk *talk);

/* One call, waited for; the result is the caller's. NULL: the error is on
 * stderr. Nothing else may be under way. */
json_t *talk_call(struct talk *talk, const char *method, json_t *params);

#endif
