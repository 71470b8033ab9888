#include "base/json.h"

#include <string.h>

void json_text(const char *text, const char *also, FILE *out)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f || strchr(also, byte))
            fprintf(out, "\\u%04x", byte);
        else
            fputc(byte, out);
    }
}

void json_string(const char *text, FILE *out)
{
    fputc('"', out);
    json_text(text, "", out);
    fputc('"', out);
}
