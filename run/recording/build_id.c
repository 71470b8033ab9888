#include "recording/build_id.h"

#include <stdio.h>
#include <string.h>

void build_id_text(const struct build_id *id, char text[BUILD_ID_TEXT])
{
    text[0] = '\0';
    for (int i = 0; i < id->size; i++)
        snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
}

bool build_id_same(const struct build_id *a, const struct build_id *b)
{
    return memcmp(a->bytes, b->bytes, a->size < b->size ? a->size : b->size) == 0;
}
