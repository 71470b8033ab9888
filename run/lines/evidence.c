#include "lines/evidence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    ONCE = 200,
    ONE_RIGHT = 5, /* what a place is worth that is right with one adjustment only */
    BOTH_RIGHT = 4,
    LINES = 5, /* called from so many, a site tells the living copy from stale ones: measured */
};

const signed char evidence_adjustments[EVIDENCE_ADJUSTMENTS] = {-2, 0};

struct evidence *evidence_next(struct call_site *site, unsigned line)
{
    struct evidence *evidence = site->evidence;

    if (site->samples == site->room) {
        size_t room = site->room ? 2 * site->room : 2 * EVIDENCE_LEAST;
        evidence = realloc(evidence, room * sizeof *evidence);
        if (!evidence)
            return NULL;
        site->evidence = evidence;
        site->room = room;
    }
    evidence = &site->evidence[site->samples++];
    *evidence = (struct evidence){.line = line};
    return evidence;
}

void evidence_free(struct call_site *site)
{
    free(site->evidence);
}

/* How often the place held a position, and whether the line was right: each time, but for what the
 * code table or a stack may be wrong in once in ONCE samples. */
static size_t held_by(const struct call_site *site, unsigned where, int a, bool *right)
{
    size_t held = 0, wrong = 0;

    for (size_t i = 0; i < site->samples; i++)
        if (site->evidence[i].held[where]) {
            held++;
            wrong += !site->evidence[i].right[a][where];
        }
    *right = wrong <= held / ONCE;
    return held;
}

void proof_add(struct proof *proof, const struct call_site *site)
{
    for (unsigned where = 0; where < POSITION_WHERE_MAX; where++) {
        int proved = -1, rights = 0;
        for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++) {
            bool right;
            if (held_by(site, where, a, &right) >= EVIDENCE_LEAST && right) {
                proved = a;
                rights++;
            }
        }
        if (rights == 1)
            proof->sites[where][proved]++;
    }
}

/*
 * The samples not decided yet for which the place tells the line; 0 if it was ever wrong.  They
 * count more if the other adjustment was wrong: what is right with both may be a stale copy from
 * the middle of the line.
 */
static size_t gain_at(const struct call_site *site, const bool *decided, unsigned where, int a)
{
    bool right, others = false;
    size_t gain = 0;

    if (held_by(site, where, a, &right) < EVIDENCE_LEAST || !right)
        return 0;
    for (int b = 0; b < EVIDENCE_ADJUSTMENTS; b++) {
        held_by(site, where, b, &right);
        others = others || (b != a && right);
    }
    for (size_t i = 0; i < site->samples; i++)
        gain += site->evidence[i].held[where] && !decided[i];
    return gain * (others ? BOTH_RIGHT : ONE_RIGHT);
}

/* The place that gains most; of equal ones that which is best proved in the whole build. */
static size_t choose_next(const struct call_site *site, const struct proof *proof,
                          const bool *decided, struct position_place *place)
{
    unsigned best_proof = 0;
    size_t best = 0;

    for (unsigned where = 0; where < POSITION_WHERE_MAX; where++)
        for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++) {
            size_t gain = gain_at(site, decided, where, a);
            if (gain < best || !gain || (gain == best && proof->sites[where][a] <= best_proof))
                continue;
            best = gain;
            best_proof = proof->sites[where][a];
            *place = (struct position_place){.where = (unsigned short)where,
                                             .adjust = evidence_adjustments[a]};
        }
    return best;
}

/* Whether the other adjustment would do as well here, and the rest of the build does not decide. */
static bool is_doubtful(const struct call_site *site, const struct proof *proof,
                        const struct position_place *place)
{
    for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++) {
        bool right;
        if (evidence_adjustments[a] == place->adjust)
            continue;
        held_by(site, place->where, a, &right);
        if (right && proof->sites[place->where][a])
            return true;
    }
    return false;
}

/* From how many lines there were calls: LINES at most. */
static size_t count_lines(const struct call_site *site)
{
    unsigned lines[LINES];
    size_t count = 0;

    for (size_t i = 0; i < site->samples && count < LINES; i++) {
        size_t known = 0;
        while (known < count && lines[known] != site->evidence[i].line)
            known++;
        if (known == count)
            lines[count++] = site->evidence[i].line;
    }
    return count;
}

static bool has_place(const struct position_site *site, unsigned where)
{
    for (size_t p = 0; p < site->count; p++)
        if (site->places[p].where == where)
            return true;
    return false;
}

/* What was right as well, in half of the samples that the chosen places decide. */
static void add_rivals(const struct call_site *called, size_t decided, struct position_site *site)
{
    for (unsigned where = 0; where < POSITION_WHERE_MAX && site->count < POSITION_PLACES; where++)
        for (int a = 0; a < EVIDENCE_ADJUSTMENTS; a++) {
            bool right;
            if (held_by(called, where, a, &right) * 2 < decided || !right || has_place(site, where))
                continue;
            site->places[site->count++] =
                (struct position_place){.where = (unsigned short)where, .rival = true};
            break;
        }
}

int evidence_choose(const struct call_site *called, const struct proof *proof,
                    struct position_site *site)
{
    bool *decided = calloc(called->samples, sizeof *decided);
    size_t sum = 0;

    *site = (struct position_site){.count = 0};
    if (!decided)
        return -ENOMEM;
    while (site->count < POSITION_PLACES) {
        struct position_place place;
        if (choose_next(called, proof, decided, &place) < EVIDENCE_LEAST * BOTH_RIGHT)
            break;
        place.doubtful = is_doubtful(called, proof, &place);
        site->places[site->count++] = place;
        for (size_t i = 0; i < called->samples; i++)
            if (called->evidence[i].held[place.where] && !decided[i]) {
                decided[i] = true;
                sum++;
            }
    }
    if (sum * 2 < called->samples)
        site->count = 0; /* a coincidence */
    else if (count_lines(called) < LINES)
        add_rivals(called, sum, site);
    free(decided);
    return 0;
}
