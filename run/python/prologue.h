/* Tells from how functions begin whether compiled code keeps frame pointers. */
#ifndef RUN_PYTHON_PROLOGUE_H
#define RUN_PYTHON_PROLOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Is this a function that every CPython has, that calls others (so it needs a frame), and that lies
 * on the way from main to Python code or is called from there?
 */
bool prologue_is_well_known(const char *name);

/* Do the first `length` bytes of a function for an EM_* machine set up a frame pointer? */
bool prologue_keeps_frame_pointer(uint16_t machine, const unsigned char *code, size_t length);

#endif
