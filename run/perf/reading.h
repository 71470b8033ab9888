/* Reads a recording's call chains for a command, with the files that perf keeps for it. */
#ifndef RUN_PERF_READING_H
#define RUN_PERF_READING_H

#include "recording/chains.h"

/* As chains_each(), with perf's default build-id cache, and a progress line that says `doing`. */
int reading_each(const char *data, const char *doing, chains_visit *visit, void *context);

/* Why reading_each() returned this error, for a message. */
const char *reading_error(int rc);

#endif
