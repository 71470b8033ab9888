/* Tells the user on stderr about work that takes longer than a second. */
#ifndef RUN_BASE_PROGRESS_H
#define RUN_BASE_PROGRESS_H

/* `what` must stay valid until progress_end().  Only one piece of work at a time. */
void progress_begin(const char *what);
void progress_end(void);

#endif
