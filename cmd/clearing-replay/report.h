/*
 * What came of it: asked from the node at the end, set beside what the replay
 * itself knows, printed for people and written as JSON.
 */
#ifndef CLEARINGD_CMD_CLEARING_REPLAY_REPORT_H
#define CLEARINGD_CMD_CLEARING_REPLAY_REPORT_H

#include "cmd/clearing-replay/stage.h"

/* The report without the audit's part; NULL: the node is gone. The caller
 * owns it. `insurance_before` is the fund's text at the start. */
json_t *report_make(struct stage *stage, const char *insurance_before);

/* The insurance fund of the settlement asset as text; the caller frees it. */
char *report_insurance(struct stage *stage);

/* Adds what the audit of the journal found and the verdict on the whole.
 * True: no money made or lost, and the state was reproduced. */
bool report_judge(json_t *report, const json_t *audit, double seconds);

/* The verdict where the node is somebody else's: by the sums of all its
 * ledgers, as other people's money may be there. */
bool report_judge_attached(json_t *report, double seconds);

void report_print(const json_t *report);

#endif
