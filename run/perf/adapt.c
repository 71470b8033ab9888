/*
 * perf copies the stack: the whole, as far as it can, or as much as is needed where the library
 * leaves contexts on it (pyperf.h).  Without frame pointers -g ends at the interpreter's first C
 * frame, and with them it has no lines and ends in C libraries that keep none.  Copies take space:
 * the file is compressed, and the ring buffer is made larger so that no sample is lost.
 */
#include "perf/adapt.h"
#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* perf's default, from tools/perf/util/record.c. */
enum { DEFAULT_FREQUENCY = 4000 };

/*
 * The ring buffer holds an eighth of a second of samples.  Measured with perf 6.1 and 7.2, -z, and
 * 2 busy CPUs that perf shares: with 1/128 s samples were lost at 4,000 Hz, with 1/16 s and more
 * none were.  Without -z not even one second is enough, because 500 MB/s cannot be written.
 */
enum { RING_PARTS_OF_SECOND = 8 };

/* Never pin more than this part of the memory, never ask for less than perf's own 512 KiB. */
enum { MEMORY_PART = 8, RING_LEAST_KIB = 512 };

/* If a chain can have fewer entries than this, the user is told. */
enum { ENOUGH_ENTRIES = 500 };

static long power_of_two_up(long value)
{
    long power = 1;
    while (power < value)
        power *= 2;
    return power;
}

static long power_of_two_down(long value)
{
    long power = power_of_two_up(value);
    return power > value ? power / 2 : power;
}

/* What kernel/events/core.c, perf_mmap(), lets this user pin for each CPU. */
static long allowed_kib(const struct machine *machine)
{
    const long page_kib = 4; /* of each buffer: its header page */
    long cpus = machine->cpus > 0 ? machine->cpus : 1;
    long total = machine->locked_kib * cpus;

    if (machine->unlimited || machine->memlock_kib < 0)
        return machine->memory_kib / MEMORY_PART / cpus;
    total += machine->memlock_kib;
    return total / cpus - page_kib;
}

long adapt_ring_kib(long frequency, long stack_bytes, const struct machine *machine, bool *starved)
{
    long cpus = machine->cpus > 0 ? machine->cpus : 1;
    long memory = machine->memory_kib / MEMORY_PART / cpus;
    long wanted, most = allowed_kib(machine);

    if (frequency > machine->sample_rate)
        frequency = machine->sample_rate;
    wanted = power_of_two_up(frequency * (stack_bytes / 1024 + 1) / RING_PARTS_OF_SECOND);
    most = power_of_two_down(most < memory ? most : memory);
    most = most < RING_LEAST_KIB ? RING_LEAST_KIB : most;
    wanted = wanted < RING_LEAST_KIB ? RING_LEAST_KIB : wanted;
    *starved = most < wanted;
    return *starved ? most : wanted;
}

static long frequency_of(const struct perfcmd *cmd, const struct machine *machine)
{
    long frequency;

    if (cmd->by_period || !cmd->frequency)
        return DEFAULT_FREQUENCY;
    frequency =
        strcmp(cmd->frequency, "max") == 0 ? machine->sample_rate : number_at(cmd->frequency, 0);
    return frequency > 0 ? frequency : DEFAULT_FREQUENCY;
}

static void add(struct adapt_plan *plan, const char *option)
{
    size_t count = 0;
    while (plan->options[count])
        count++;
    plan->options[count] = (char *)option;
}

/* The program's samples have contexts, and we are to read the recording.  What it starts may be
 * another Python, but seldom is. */
static bool has_contexts(const struct perfcmd *cmd, const struct program *program)
{
    const struct elfinfo *elf = program ? &program->elf : NULL;

    return program && program->kind == PROGRAM_PYTHON && elf->has_evaluator && elf->major == 3 &&
           elf->minor >= ADAPT_CONTEXTS_SINCE && !cmd->pids && !cmd->tids && !cmd->all_cpus &&
           !cmd->split_output;
}

static void copy_stacks(struct adapt_plan *plan, const struct perfcmd *cmd,
                        const struct program *program, const struct perftool *perf,
                        const struct machine *machine)
{
    bool near = cmd->callgraph != CALLGRAPH_DWARF && has_contexts(cmd, program);
    long bytes = near ? ADAPT_CONTEXT_BYTES : ADAPT_STACK_BYTES;

    plan->stack_copies = true;
    if (cmd->callgraph != CALLGRAPH_DWARF) {
        snprintf(plan->copy, sizeof plan->copy, "dwarf,%ld", bytes);
        add(plan, "--call-graph");
        add(plan, plan->copy);
    }
    if (!cmd->clock_set) { /* the clock of the code tables: pyperf.h */
        add(plan, "-k");
        add(plan, "mono");
    }
    /* The kernel tells the build-id of a file whose mapping it sees.  For a process that is
     * running already, perf has to find it in the recording. */
    if (perf->compresses && !cmd->compression_set && !cmd->split_output &&
        (perf->reads_back || !program || !program->elsewhere)) {
        plan->compressed = true;
        add(plan, "-z");
    }
    if (cmd->ring_sized)
        return;
    snprintf(plan->ring, sizeof plan->ring, "%ldK",
             adapt_ring_kib(frequency_of(cmd, machine), bytes, machine, &plan->starved));
    add(plan, "-m");
    add(plan, plan->ring);
}

static bool has_pointers(const struct program *program)
{
    return program && program->kind == PROGRAM_PYTHON && program->elf.pointers == POINTERS_PRESENT;
}

static void explain(struct adapt_plan *plan, const struct perfcmd *cmd,
                    const struct program *program)
{
    char text[200];

    if (cmd->callgraph == CALLGRAPH_DWARF)
        snprintf(plan->why, sizeof plan->why, "for the stack copies that you asked for");
    else if (!program)
        snprintf(plan->why, sizeof plan->why, "it is not known what will run");
    else
        snprintf(plan->why, sizeof plan->why, "%s", program_describe(program, text, sizeof text));
}

static void choose_callgraph(struct adapt_plan *plan, const struct perfcmd *cmd,
                             const struct program *program, const struct perftool *perf,
                             const struct machine *machine)
{
    if (cmd->callgraph == CALLGRAPH_CHOSEN || cmd->callgraph == CALLGRAPH_OFF)
        return;
    if (cmd->callgraph == CALLGRAPH_DWARF ||
        (perf->unwinds && !(cmd->callgraph == CALLGRAPH_FP && has_pointers(program)))) {
        copy_stacks(plan, cmd, program, perf, machine);
        return;
    }
    if (machine->max_stack < ENOUGH_ENTRIES)
        plan->short_chains = machine->max_stack;
    if (cmd->callgraph == CALLGRAPH_UNSET)
        add(plan, "-g");
}

/*
 * When perf 6.1 writes its table of build-ids it finds none in a compressed recording, so that
 * --buildid-all with -z records none.  The kernel can put them into each mapping's event instead.
 */
static void keep_ids(struct adapt_plan *plan, const struct perfcmd *cmd,
                     const struct perftool *perf)
{
    if (cmd->no_buildid)
        return;
    if (!cmd->buildid_all)
        add(plan, "--buildid-all");
    if (plan->compressed && !perf->reads_back && perf->maps_ids && !cmd->buildid_mmap)
        add(plan, "--buildid-mmap");
}

void adapt_plan(struct adapt_plan *plan, const struct perfcmd *cmd, const struct program *program,
                const struct perftool *perf, const struct machine *machine)
{
    *plan = (struct adapt_plan){.stack_copies = false};
    explain(plan, cmd, program);
    choose_callgraph(plan, cmd, program, perf, machine);
    keep_ids(plan, cmd, perf);
    /* What we convert, perf does not unwind. */
    plan->fixed_addresses = perf->forgets_exec && plan->stack_copies && cmd->split_output;
}
