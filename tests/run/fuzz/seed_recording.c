/* Recordings for fuzz_recording to begin with: seed_recording FOLDER. */
#include "recorded.h"
#include "recording/processor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_ZSTD
#include <zstd.h>
#endif

enum {
    START = 0x100000,
    STACK = 0x7ff000,
    WORDS = 64,
    PID = 7,
    FULL = RECORDED_TYPE | PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN | PERF_SAMPLE_REGS_USER |
           PERF_SAMPLE_STACK_USER,
};

static struct recorded data, whole;

static uint64_t registers_mask(void)
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < processor_here.perf_count; i++)
        mask |= (uint64_t)(processor_here.perf[i] >= 0) << i;
    return mask;
}

static void put_registers(uint64_t ip)
{
    recorded_u64(&data, PERF_SAMPLE_REGS_ABI_64);
    for (unsigned i = 0; i < processor_here.perf_count; i++)
        if (processor_here.perf[i] >= 0) {
            unsigned place = (unsigned)processor_here.perf[i];
            recorded_u64(&data, place == processor_here.pc                                 ? ip
                                : place == processor_here.sp || place == processor_here.fp ? STACK
                                                                                           : 1);
        }
}

static void put_sample(uint64_t time, uint64_t ip)
{
    size_t begin = recorded_begin(&data, PERF_RECORD_SAMPLE, PERF_RECORD_MISC_USER);

    recorded_u64(&data, 1); /* id */
    recorded_u64(&data, ip);
    recorded_u32(&data, PID);
    recorded_u32(&data, PID);
    recorded_u64(&data, time);
    recorded_u64(&data, 0); /* CPU */
    recorded_u64(&data, 1); /* period */
    recorded_u64(&data, 4);
    recorded_u64(&data, (uint64_t)PERF_CONTEXT_KERNEL);
    recorded_u64(&data, 0xffffffff81000001);
    recorded_u64(&data, (uint64_t)PERF_CONTEXT_USER);
    recorded_u64(&data, ip);
    put_registers(ip);
    recorded_u64(&data, WORDS * 8);
    for (uint64_t i = 0; i < WORDS; i++)
        recorded_u64(&data, i % 4 ? ip + i * 16 : STACK + i * 8 + 64);
    recorded_u64(&data, WORDS * 8);
    recorded_end(&data, begin);
}

static void put_records(void)
{
    recorded_name(&data, 0, PERF_RECORD_MISC_COMM_EXEC, PID, PID, "seed");
    recorded_mapping(&data, 0, PID, START, 0x10000, 0, "/bin/true");
    recorded_mapping(&data, 0, PID, 0x200000, 0x1000, 0, "//anon");
    recorded_fork(&data, 5, PID + 1, PID, PID + 1, PID);
    recorded_round(&data);
    for (uint64_t i = 0; i < 4; i++)
        put_sample(30 - i, START + 0x2500 + i * 0x111);
    recorded_round(&data);
    put_sample(40, 0x200100);
}

#ifdef HAVE_ZSTD
static void compress(void)
{
    static char packed[1 << 16];
    size_t size = ZSTD_compress(packed, sizeof packed, data.bytes, data.size, 1), begin;

    data.size = 0;
    begin = recorded_begin(&data, 81, 0);
    recorded_put(&data, packed, size);
    recorded_end(&data, begin);
}
#endif

static void save(const char *folder, const char *name)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    if (!file || fwrite(whole.bytes, 1, whole.size, file) != whole.size || fclose(file) != 0)
        exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
    struct recorded_event event = recorded_event();

    if (argc != 2)
        return EXIT_FAILURE;
    event.ids[0] = event.id_count = 1;
    event.attribute.sample_type = FULL;
    event.attribute.sample_regs_user = registers_mask();
    put_records();
    recorded_whole(&whole, RECORDED_FILE, &event, 1, &data);
    save(argv[1], "file");
    recorded_whole(&whole, RECORDED_PIPE, &event, 1, &data);
    save(argv[1], "pipe");
#ifdef HAVE_ZSTD
    compress();
    recorded_whole(&whole, RECORDED_FILE, &event, 1, &data);
    save(argv[1], "packed");
#endif
    return EXIT_SUCCESS;
}
