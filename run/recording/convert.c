/*
 * The new file is the old one's beginning (header, ids, attributes) without the mention of stack
 * copies, the records in the order of their times, and the features but for "compressed".
 */
#include "recording/convert.h"
#include "recording/bytes.h"
#include "recording/chains.h"
#include "recording/datafile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    HEADER = sizeof(struct perf_event_header),
    SAMPLE_MAX = UINT16_MAX, /* a record tells its size in 16 bits */
    ROUND = 4096,            /* records; readers keep two rounds in memory */
};

static const uint64_t stack_copy = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER;

/* A PERF_RECORD_MMAP2 up to its file name, with a build-id: linux/perf_event.h. */
struct mapping_record {
    struct perf_event_header header;
    uint32_t pid, tid;
    uint64_t start, size, offset;
    unsigned char id_size, unused[3], id[BUILD_ID_MAX];
    uint32_t protection, flags;
};

struct conversion {
    const struct convert_added *added;
    struct table mapped; /* pid + 1 -> anything: processes that have the added file */
    long *ids;           /* where in `out` its build-id belongs */
    size_t id_count;
    uint64_t addresses[UNWIND_FRAMES_MAX];
    const struct datafile *file;
    struct chains *chains;
    FILE *out;
    unsigned char sample[SAMPLE_MAX];
    unsigned records; /* since the last round */
};

static int put(struct conversion *conversion, const void *bytes, size_t size)
{
    return fwrite(bytes, 1, size, conversion->out) == size ? 0 : -EIO;
}

/* -- Around the records --------------------------------------------------------------------- */

static bool has_stack_copies(const struct datafile *file)
{
    const struct datafile_section all = file->header.attributes;
    size_t at = offsetof(struct perf_event_attr, sample_type);

    /* An older perf's attributes are shorter than ours. */
    return datafile_holds(file, all) && all.size >= at + sizeof(uint64_t) &&
           bytes_u64(file->bytes + all.offset + at) & stack_copy;
}

/* Takes the stack copies out of an attribute of `size` bytes. */
static void strip_attribute(unsigned char *bytes, size_t size)
{
    struct perf_event_attr attribute;

    memset(&attribute, 0, sizeof attribute);
    size = size < sizeof attribute ? size : sizeof attribute;
    memcpy(&attribute, bytes, size);
    attribute.sample_type &= ~stack_copy;
    attribute.sample_regs_user = 0;
    attribute.sample_stack_user = 0;
    attribute.exclude_callchain_user = 0;
    memcpy(bytes, &attribute, size);
}

/* Attributes lie in front of the data or, as nothing forbids, elsewhere: that is not converted. */
static int put_beginning(struct conversion *conversion)
{
    const struct datafile_header *header = &conversion->file->header;
    const struct datafile_section all = header->attributes;
    uint64_t each = header->attribute_size;
    unsigned char *bytes;
    int rc;

    if (all.offset + all.size > header->data.offset)
        return -ENOTSUP;
    bytes = malloc(header->data.offset);
    if (!bytes)
        return -ENOMEM;
    memcpy(bytes, conversion->file->bytes, header->data.offset);
    for (uint64_t at = 0; all.size - at >= each; at += each)
        strip_attribute(bytes + all.offset + at, each - sizeof(struct datafile_section));
    rc = put(conversion, bytes, header->data.offset);
    free(bytes);
    return rc;
}

/* Attributes once more, which samply believes rather than the others: perf.data-file-format.txt,
 * HEADER_EVENT_DESC. */
static void strip_events(unsigned char *bytes, uint64_t size)
{
    enum { COUNTS = 8, NAME = 4 };
    uint64_t at = COUNTS, each, ids, name;

    if (size < COUNTS)
        return;
    each = bytes_u32(bytes + 4);
    for (uint32_t left = bytes_u32(bytes); left; left--) {
        if (size - at < each + 4 + NAME)
            return;
        strip_attribute(bytes + at, each);
        at += each;
        ids = bytes_u32(bytes + at) * 8ULL;
        name = bytes_u32(bytes + at + 4);
        at += 4 + NAME;
        if (size - at < name + ids)
            return;
        at += name + ids;
    }
}

static int put_feature(struct conversion *conversion, unsigned bit, struct datafile_section section)
{
    const unsigned char *bytes = conversion->file->bytes + section.offset;
    unsigned char *copy;
    int rc;

    if (bit != DATAFILE_EVENTS)
        return put(conversion, bytes, section.size);
    copy = malloc(section.size + 1);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, bytes, section.size);
    strip_events(copy, section.size);
    rc = put(conversion, copy, section.size);
    free(copy);
    return rc;
}

/* Each feature's section, with `at` for the first; the table lies in front of them. */
static int put_features(struct conversion *conversion, uint64_t at)
{
    const struct datafile *file = conversion->file;
    struct datafile_section section;
    int rc = 0;

    for (unsigned bit = 0; rc == 0 && bit < DATAFILE_FEATURES; bit++) {
        if (bit == DATAFILE_COMPRESSED || !datafile_feature(file, bit, &section))
            continue;
        section.offset = at;
        at += section.size;
        rc = put(conversion, &section, sizeof section);
    }
    for (unsigned bit = 0; rc == 0 && bit < DATAFILE_FEATURES; bit++)
        if (bit != DATAFILE_COMPRESSED && datafile_feature(file, bit, &section))
            rc = put_feature(conversion, bit, section);
    return rc;
}

static int put_end(struct conversion *conversion)
{
    const struct datafile *file = conversion->file;
    struct datafile_header header = file->header;
    struct datafile_section section;
    off_t end = ftello(conversion->out);
    uint64_t count = 0;
    int rc;

    if (end < 0)
        return -errno;
    header.data.size = (uint64_t)end - header.data.offset;
    memset(header.features, 0, sizeof header.features);
    for (unsigned bit = 0; bit < DATAFILE_FEATURES; bit++)
        if (bit != DATAFILE_COMPRESSED && datafile_feature(file, bit, &section)) {
            header.features[bit / 64] |= 1ULL << bit % 64;
            count++;
        }
    rc = put_features(conversion, (uint64_t)end + count * sizeof section);
    if (rc == 0 && fseeko(conversion->out, 0, SEEK_SET) != 0)
        rc = -errno;
    return rc ? rc : put(conversion, &header, sizeof header);
}

/* -- Records -------------------------------------------------------------------------------- */

static size_t append(unsigned char *to, size_t used, const void *bytes, size_t size)
{
    if (size)
        memcpy(to + used, bytes, size);
    return used + size;
}

/* -- The added file ------------------------------------------------------------------------- */

/* What follows a record's own fields: its thread and time, in the places of linux/perf_event.h,
 * struct sample_id; 0 where it is not said which event. */
static size_t fill_trailer(unsigned char *to, const struct perf_event_attr *attribute,
                           const struct sample *sample)
{
    uint64_t type = attribute->sample_type;
    uint64_t after_time =
        PERF_SAMPLE_ID | PERF_SAMPLE_STREAM_ID | PERF_SAMPLE_CPU | PERF_SAMPLE_IDENTIFIER;
    size_t used = 0, behind = (size_t)__builtin_popcountll(type & after_time) * 8;

    if (!attribute->sample_id_all)
        return 0;
    if (type & PERF_SAMPLE_TID) {
        memcpy(to, &sample->pid, sizeof sample->pid);
        memcpy(to + 4, &sample->tid, sizeof sample->tid);
        used += 8;
    }
    if (type & PERF_SAMPLE_TIME) {
        memcpy(to + used, &sample->time, sizeof sample->time);
        used += 8;
    }
    memset(to + used, 0, behind);
    return used + behind;
}

/* Maps the added file into the sample's process, unless that was done. */
static int put_mapping(struct conversion *conversion, const struct record *record,
                       const struct sample *sample)
{
    struct mapping_record mapping = {
        .header = {.type = PERF_RECORD_MMAP2,
                   .misc = PERF_RECORD_MISC_USER | PERF_RECORD_MISC_MMAP_BUILD_ID},
        .pid = sample->pid,
        .tid = sample->pid,
        .start = CONVERT_ADDED,
        .size = CONVERT_ADDED_SIZE,
        .offset = conversion->added->offset,
        .id_size = BUILD_ID_MAX,
        .protection = PROT_READ | PROT_EXEC,
        .flags = MAP_PRIVATE,
    };
    unsigned char bytes[PATH_MAX + 512] = {0};
    size_t name = strlen(conversion->added->path) + 1, used = sizeof mapping;
    long at = ftell(conversion->out), *grown;

    if (table_get(&conversion->mapped, sample->pid + 1ULL))
        return 0;
    grown = realloc(conversion->ids, (conversion->id_count + 1) * sizeof *grown);
    if (!grown)
        return -ENOMEM;
    conversion->ids = grown;
    if (at < 0 || table_set(&conversion->mapped, sample->pid + 1ULL, conversion) != 0)
        return -ENOMEM;
    conversion->ids[conversion->id_count++] = at + (long)offsetof(struct mapping_record, id);
    memcpy(bytes + used, conversion->added->path, name);
    used += (name + 7) & ~(size_t)7;
    used += fill_trailer(bytes + used, record->attribute, sample);
    mapping.header.size = (uint16_t)used;
    memcpy(bytes, &mapping, sizeof mapping);
    return put(conversion, bytes, used);
}

static int finish_added(struct conversion *conversion)
{
    struct build_id id = {.size = 0};
    int rc;

    if (!conversion->added)
        return 0;
    rc = conversion->added->finish(conversion->added->context, &id);
    for (size_t i = 0; rc == 0 && i < conversion->id_count; i++) {
        if (fseek(conversion->out, conversion->ids[i], SEEK_SET) != 0)
            return -errno;
        rc = put(conversion, id.bytes, sizeof id.bytes);
    }
    return rc;
}

/* Addresses to be written for the unwound frames. */
static int find_addresses(struct conversion *conversion, const struct record *record,
                          const struct chain *chain)
{
    int rc = 0;

    for (size_t i = chain->recorded; i < chain->count; i++)
        conversion->addresses[i - chain->recorded] = chain->frames[i].lookup;
    if (conversion->added && chain->sample->stack)
        rc = conversion->added->replace(conversion->added->context, chain, conversion->addresses);
    return rc == 1 ? put_mapping(conversion, record, chain->sample) : rc;
}

/* -- Samples -------------------------------------------------------------------------------- */

/* The address of the sample itself, if it was replaced. */
static void put_ip(unsigned char *sample, const struct perf_event_attr *attribute, uint64_t ip)
{
    if (attribute->sample_type & PERF_SAMPLE_IP)
        memcpy(sample + HEADER + (attribute->sample_type & PERF_SAMPLE_IDENTIFIER ? 8 : 0), &ip,
               sizeof ip);
}

/*
 * The fields before the chain, the chain, the fields up to the user's registers, and what follows
 * the stack.  A caller's entry is an address within its call, where readers find the function that
 * calls; behind it the next one may begin.
 */
static int put_sample(struct conversion *conversion, const struct record *record,
                      const struct chain *chain)
{
    static const uint64_t user = (uint64_t)PERF_CONTEXT_USER;
    const struct sample *sample = chain->sample;
    const unsigned char *end = record->bytes + record->size, *behind;
    struct perf_event_header header = {.type = record->type, .misc = record->misc};
    unsigned char *fresh = conversion->sample;
    size_t used, rest, unwound = chain->count - chain->recorded, most;
    uint64_t count;
    int rc;

    if (!sample->chain_at)
        return -ENOTSUP;
    rc = find_addresses(conversion, record, chain);
    if (rc)
        return rc;
    behind = sample->chain_at + (sample->chain_count + 1) * 8;
    rest = (size_t)(sample->user - behind) + (size_t)(end - sample->user_end);
    used = append(fresh, HEADER, record->bytes + HEADER,
                  (size_t)(sample->chain_at - record->bytes) - HEADER);
    if (unwound && sample->stack && sample->ip == chain->frames[chain->recorded].lookup)
        put_ip(fresh, record->attribute, conversion->addresses[0]);
    most = (SAMPLE_MAX - used - rest) / 8;
    most = most > sample->chain_count + 2 ? most - sample->chain_count - 2 : 0;
    unwound = unwound < most ? unwound : most;
    if (!sample->stack)
        unwound = 0;
    else if (chain->completed < chain->count && unwound == chain->count - chain->recorded &&
             !conversion->addresses[unwound - 1])
        unwound--; /* CHAIN_COMPLETED has an address only in the added file */
    count = sample->chain_count + (unwound ? unwound + 1 : 0);
    used = append(fresh, used, &count, sizeof count);
    used = append(fresh, used, sample->chain, sample->chain_count * 8);
    if (unwound)
        used = append(fresh, used, &user, sizeof user);
    used = append(fresh, used, conversion->addresses, unwound * sizeof *conversion->addresses);
    used = append(fresh, used, behind, (size_t)(sample->user - behind));
    used = append(fresh, used, sample->user_end, (size_t)(end - sample->user_end));
    header.size = (uint16_t)used;
    append(fresh, 0, &header, sizeof header);
    return put(conversion, fresh, used);
}

static int put_record(void *context, const struct record *record)
{
    static const struct perf_event_header round = {.type = RECORDS_FINISHED_ROUND, .size = HEADER};
    struct conversion *conversion = context;
    struct chain chain;
    int rc = chains_take(conversion->chains, record, &chain);

    if (rc == 0 && record->type == PERF_RECORD_COMM && record->misc & PERF_RECORD_MISC_COMM_EXEC)
        table_remove(&conversion->mapped, bytes_u32(record->bytes + HEADER) + 1ULL);
    if (rc == 1)
        rc = put_sample(conversion, record, &chain);
    else if (rc == 0 && record->type == RECORDS_AUXTRACE)
        rc = -ENOTSUP;
    else if (rc == 0 && record->type != RECORDS_HEADER_BUILD_ID) /* they are a feature */
        rc = put(conversion, record->bytes, record->size);
    if (rc == 0 && ++conversion->records == ROUND) {
        conversion->records = 0;
        rc = put(conversion, &round, sizeof round);
    }
    return rc;
}

static int convert_to(FILE *out, struct records *records, const char *cache,
                      const struct convert_added *added)
{
    struct conversion *conversion = calloc(1, sizeof *conversion);
    int rc = -ENOMEM;

    if (!conversion)
        return rc;
    conversion->file = records_file(records);
    conversion->out = out;
    conversion->added = added;
    conversion->chains = chains_new(cache);
    if (conversion->chains) {
        rc = put_beginning(conversion);
        if (rc == 0)
            rc = records_each(records, put_record, conversion);
        if (rc == 0)
            rc = put_end(conversion);
        if (rc == 0)
            rc = finish_added(conversion);
        chains_free(conversion->chains);
    }
    table_free(&conversion->mapped, NULL);
    free(conversion->ids);
    free(conversion);
    return rc;
}

static int convert_records(struct records *records, const char *path, const char *cache,
                           const struct convert_added *added)
{
    const struct datafile *file = records_file(records);
    FILE *out;
    int fd, rc;

    if (!file || file->cut)
        return -ENOTSUP;
    if (!has_stack_copies(file))
        return -EALREADY;
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    out = fdopen(fd, "w");
    if (!out) {
        close(fd);
        unlink(path);
        return -ENOMEM;
    }
    rc = convert_to(out, records, cache, added);
    if (fclose(out) != 0 && rc == 0)
        rc = -errno;
    if (rc)
        unlink(path);
    return rc;
}

int convert(const char *data, const char *out, const char *cache, const struct convert_added *added)
{
    struct records *records;
    int rc = records_open(&records, data);

    if (rc)
        return rc;
    rc = convert_records(records, out, cache, added);
    records_close(records);
    return rc;
}
