#include "lines/learn.h"
#include <stdio.h>
#include <string.h>
int main(int argc, char **argv)
{
    struct positions positions;
    struct build_id id;
    char text[BUILD_ID_TEXT];
    int rc = argc > 2 ? learn(argv[1], argv[2], argc > 3 ? argv[3] : NULL, &positions, &id) : -1;
    if (rc) {
        fprintf(stderr, "%s\n", strerror(-rc));
        return 1;
    }
    build_id_text(&id, text);
    fprintf(stderr, "%s\n", text);
    return positions_write(&positions, stdout);
}
