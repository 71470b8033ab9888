/* Build-ids name the content of files. */
#ifndef RUN_RECORDING_BUILD_ID_H
#define RUN_RECORDING_BUILD_ID_H

#include <stdbool.h>

enum {
    BUILD_ID_MAX = 20, /* BUILD_ID_SIZE of perf; SHA-1, as linkers make them */
    BUILD_ID_TEXT = 2 * BUILD_ID_MAX + 1,
};

struct build_id {
    unsigned char size; /* 0: not known */
    unsigned char bytes[BUILD_ID_MAX];
};

/* In hexadecimal; "" if it is not known. */
void build_id_text(const struct build_id *id, char text[BUILD_ID_TEXT]);

/* Do both name the same content?  Recordings may have ids cut off or with zeros behind. */
bool build_id_same(const struct build_id *a, const struct build_id *b);

#endif
