#include "lines/positions.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL = 80 }; /* per cent: measured are 83 to 97, and 35 to 65 in builds that have none */

static const char title[] = "pyperf positions 3\n";

bool position_value(const struct position_frame *frame, unsigned where, uint64_t *value)
{
    uint64_t address;

    if (where < REGISTERS_MAX) {
        *value = frame->registers->values[where];
        return registers_has(frame->registers, where);
    }
    address = frame->registers->values[processor_here.sp] + (uint64_t)(where - REGISTERS_MAX) * 8;
    return address < frame->end && stack_read(frame->stack, address, value);
}

static void note(struct positions *positions, const struct position_place *place)
{
    for (size_t i = 0; i < positions->known_count; i++)
        if (positions->known[i].where == place->where &&
            positions->known[i].adjust == place->adjust) {
            positions->known_sites[i]++;
            return;
        }
    if (positions->known_count < POSITION_KNOWN) {
        positions->known_sites[positions->known_count] = 1;
        positions->known[positions->known_count] = *place;
        positions->known[positions->known_count++].doubtful = false;
    }
}

const struct position_place *positions_usual(const struct positions *positions)
{
    size_t sites = 0, most = 0;

    for (size_t i = 0; i < positions->known_count; i++) {
        sites += positions->known_sites[i];
        if (positions->known_sites[i] > positions->known_sites[most])
            most = i;
    }
    return sites && positions->known_sites[most] * 100 >= sites * USUAL ? &positions->known[most]
                                                                        : NULL;
}

int positions_add(struct positions *positions, uint64_t address, const struct position_site *site)
{
    struct position_site *kept, *old;

    if (address == 0) {
        positions->leaf = *site;
        return 0;
    }
    kept = malloc(sizeof *kept);
    if (!kept)
        return -ENOMEM;
    *kept = *site;
    old = table_get(&positions->sites, address + 1);
    if (table_set(&positions->sites, address + 1, kept) != 0) {
        free(kept);
        return -ENOMEM;
    }
    free(old);
    if (site->count)
        note(positions, &site->places[0]);
    return 0;
}

int positions_add_leaf(struct positions *positions, uint64_t address,
                       const struct position_site *site)
{
    if (positions->leaf_count == positions->leaf_room) {
        size_t room = positions->leaf_room ? 2 * positions->leaf_room : 256;
        struct position_leaf *grown = realloc(positions->leaves, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        positions->leaves = grown;
        positions->leaf_room = room;
    }
    positions->leaves[positions->leaf_count++] = (struct position_leaf){address, *site};
    return 0;
}

static bool same_site(const struct position_site *a, const struct position_site *b)
{
    for (size_t p = 0; p < a->count && a->count == b->count; p++)
        if (a->places[p].where != b->places[p].where ||
            a->places[p].adjust != b->places[p].adjust ||
            a->places[p].doubtful != b->places[p].doubtful)
            return false;
    return a->count == b->count;
}

struct position_site positions_leaf(const struct positions *positions, uint64_t address)
{
    const struct position_leaf *leaves = positions->leaves;
    struct position_site site = positions->leaf;
    size_t low = 0, high = positions->leaf_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (leaves[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < positions->leaf_count && leaves[low].address == address)
        return leaves[low].site;
    if (low > 0 && low < positions->leaf_count &&
        address - leaves[low - 1].address <= POSITION_NEAR &&
        leaves[low].address - address <= POSITION_NEAR &&
        same_site(&leaves[low - 1].site, &leaves[low].site))
        return leaves[low].site;
    for (size_t p = 0; p < site.count; p++)
        site.places[p].doubtful = true;
    return site;
}

/* "1a2b3c 13-2 35+0? 14+0!": the address, and places with what to add; "?": doubtful; "!": a rival.
 * "@1a2b3c": an address of the loop's own code. */
static int read_line(struct positions *positions, const char *line)
{
    struct position_site site = {.count = 0};
    bool leaf = *line == '@';
    char *rest;
    uint64_t address = strtoull(line + leaf, &rest, 16);
    bool whole = rest != line + leaf;

    while (whole && *rest == ' ' && site.count < POSITION_PLACES) {
        struct position_place *place = &site.places[site.count++];
        char *sign, *end;
        unsigned long where = strtoul(rest, &sign, 10);
        long adjust = strtol(sign, &end, 10);
        whole = sign != rest && (*sign == '+' || *sign == '-') && end != sign &&
                where < POSITION_WHERE_MAX && adjust >= SCHAR_MIN && adjust <= SCHAR_MAX;
        *place = (struct position_place){.where = (unsigned short)where,
                                         .adjust = (signed char)adjust,
                                         .doubtful = *end == '?',
                                         .rival = *end == '!'};
        rest = end + (place->doubtful || place->rival);
    }
    if (!whole || *rest != '\n')
        return -EBADMSG;
    return leaf ? positions_add_leaf(positions, address, &site)
                : positions_add(positions, address, &site);
}

int positions_read(struct positions *positions, FILE *in)
{
    char line[256];
    int rc = 0;

    *positions = (struct positions){.known_count = 0};
    if (!fgets(line, sizeof line, in) || strcmp(line, title) != 0)
        return -EBADMSG;
    while (rc == 0 && fgets(line, sizeof line, in))
        rc = read_line(positions, line);
    if (rc == 0 && ferror(in))
        rc = -EIO;
    if (rc)
        positions_free(positions);
    return rc;
}

static void write_site(FILE *out, const char *kind, uint64_t address,
                       const struct position_site *site)
{
    fprintf(out, "%s%" PRIx64, kind, address);
    for (size_t i = 0; i < site->count; i++)
        fprintf(out, " %u%+d%s", site->places[i].where, site->places[i].adjust,
                site->places[i].doubtful ? "?"
                : site->places[i].rival  ? "!"
                                         : "");
    fputc('\n', out);
}

int positions_write(const struct positions *positions, FILE *out)
{
    fputs(title, out);
    write_site(out, "", 0, &positions->leaf);
    for (size_t i = 0; i < positions->leaf_count; i++)
        write_site(out, "@", positions->leaves[i].address, &positions->leaves[i].site);
    for (size_t i = 0; i < positions->sites.room; i++)
        if (positions->sites.entries[i].value)
            write_site(out, "", positions->sites.entries[i].key - 1,
                       positions->sites.entries[i].value);
    return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}

void positions_free(struct positions *positions)
{
    table_free(&positions->sites, free);
    free(positions->leaves);
    *positions = (struct positions){.known_count = 0};
}
