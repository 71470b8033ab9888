/* What the doctor checks.  Each check adds its findings. */
#ifndef RUN_DOCTOR_CHECKS_H
#define RUN_DOCTOR_CHECKS_H

#include "doctor/findings.h"
#include "python/program.h"

#include <sys/types.h>

/* perf, the kernel's settings and events, and the folders for images. */
void check_machine(struct findings *findings);

/* The interpreter that a command would run. */
void check_program(struct findings *findings, const char *command);

/* An interpreter, however it was found. */
void check_interpreter(struct findings *findings, const struct program *program);

/* A running process. */
void check_process(struct findings *findings, pid_t pid);

#endif
