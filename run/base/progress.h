/* A line on stderr for work that takes longer than a second; nothing for what is quick. */
#ifndef RUN_BASE_PROGRESS_H
#define RUN_BASE_PROGRESS_H

/* `what` must stay valid until progress_end().  One at a time. */
void progress_begin(const char *what);
void progress_end(void);

#endif
