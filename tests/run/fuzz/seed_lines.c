/* What fuzz_lines begins with: seed_lines FOLDER. */
#include "coded.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct coded rows, image;

static void write_seed(const char *folder, const char *name, const void *bytes, size_t size)
{
    char path[PATH_MAX];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    out = fopen(path, "we");
    if (!out || fwrite(bytes, 1, size, out) != size || fclose(out) != 0)
        abort();
}

static void put_rows(void)
{
    static const unsigned char lines[] = {0x80, 0, 0xe4, 8, 9, 0xf0, 5, 3, 9, 6, 0xf8, 0xf1, 91, 4};
    const uint16_t slots[] = {1, 0, PYPERF_CODE_ELSEWHERE, 0};

    for (unsigned i = 0; i < sizeof slots / sizeof *slots; i++) {
        const struct pyperf_code_row row = {.bytecode = 0x1000 + i * 64ULL,
                                            .length = 64,
                                            .first_line = 10,
                                            .lines_size = sizeof lines,
                                            .slot = slots[i]};
        coded_row(&rows, &row, 0x7000, lines);
        if (i % 2)
            coded_clock(&rows, 5000 - i * 1000ULL, i);
    }
}

int main(int argc, char **argv)
{
    static const char positions[] = "pyperf positions 1\n0 13-2\n1a2b3c 13-2 35+0\n40 5+0\n";

    if (argc != 2)
        return EXIT_FAILURE;
    put_rows();
    coded_image(&image, rows.bytes, rows.size);
    write_seed(argv[1], "rows", rows.bytes, rows.size);
    write_seed(argv[1], "image", image.bytes, image.size);
    write_seed(argv[1], "positions", positions, strlen(positions));
    return EXIT_SUCCESS;
}
