/*
 * PRIVATE: reports in, aggregates and grades out (rules 14, 15, 18).
 */
#ifndef CLEARINGD_ENGINE_ORACLE_H
#define CLEARINGD_ENGINE_ORACLE_H

#include "engine/state.h"

/* Takes the packages of a report command, one EVENT_REPORT each; points that
 * fail are left out, the package's result is its first failure. */
void oracle_report(struct engine *engine, const struct command *command);

/* Tick: aggregates every feed, grades it, moves the slow price; emits
 * EVENT_INDEX where something changed. True when any price or grade did. */
bool oracle_tick(struct engine *engine);

/* The market's feed: its index price (0: none yet) and its grade now. */
struct price oracle_index(const struct engine *engine, uint16_t market);
enum grade oracle_grade(const struct engine *engine, uint16_t market);

#endif
