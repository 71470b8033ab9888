/*
 * A pool of trampolines that is an ELF shared object.
 *
 * perf reads the file like any library: .symtab names the slots, .eh_frame unwinds through them.
 * Every slot's code exists from the start; naming one is a store into a shared mapping of the
 * file's end, so it costs no system call and outlives SIGKILL.  A store must not fault: the blocks
 * are reserved, and where that is no promise (file systems other than ext4, xfs and tmpfs) the
 * kernel is asked to store (process_vm_writev(2)).
 *
 *     file offset = address - base
 *     +--------------------------------------------------------------+
 *     | ELF header, program headers, build-id note                   |  mapped read-execute,
 *     | .eh_frame_hdr, .eh_frame: one FDE a slot                     |  private
 *     | .text: one copy of the trampoline a slot                     |
 *     +--------------------------------------------------------------+  page boundary
 *     | section headers, .shstrtab, .symtab, .strtab (grows into the |  mapped read-write,
 *     | reserved blocks), .pyperf_code (grows towards it)            |  shared, not inherited
 *     +--------------------------------------------------------------+
 *
 * No function here takes a lock: the caller serialises all calls for one image.
 * Memory once executable is never unmapped, reused or made writable.
 */
#ifndef PYPERF_IMAGE_H
#define PYPERF_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "code.h"

struct pyperf_image {
    uintptr_t text;         /* address of slot 0 */
    uintptr_t base, end;    /* the executable mapping */
    uintptr_t eh_frame_hdr; /* for the in-process unwinder */
    unsigned capacity;      /* slots */
    unsigned used;
    void *tail; /* struct image_tail: the writable part; NULL when anonymous or not ours (fork) */
    size_t tail_size;
    size_t room;           /* bytes of names and rows, at the end of the writable part */
    size_t strings_used;   /* of them, from the first on: .strtab */
    size_t rows_used;      /* and from the last on, backwards: the code table */
    uint64_t rows_time;    /* of the newest row */
    bool stores_may_fault; /* the file system may be full in spite of what is reserved */
    char path[256];        /* "" when anonymous */
};

/* Slots of images made from now on sign return addresses if `function`, the interpreter's
 * evaluator, does.  Call it before the first image; without it slots are the plain trampoline. */
void pyperf_image_match(const void *function);

/* Creates the image file in `directory`, with this mode, and maps it.  `room`: for at least so many
 * bytes of names and rows; there is always some for the longest name.  0, or -errno with nothing
 * left behind; EACCES, EPERM, ENOSPC and the like mean that this directory will not do. */
int pyperf_image_create(struct pyperf_image *image, const char *directory, unsigned number,
                        unsigned capacity, size_t room, mode_t mode);

/* Bytes of names and rows in an image of so many slots that takes up `size` bytes, some whole 4
 * KiB, of its file system. */
size_t pyperf_image_room(unsigned capacity, size_t size);

/* The same trampolines in anonymous memory, filled and then switched once to read-execute: for
 * systems where no directory allows an executable mapping, and for map-only output.  -errno. */
int pyperf_image_create_anonymous(struct pyperf_image *image, unsigned capacity);

/* Takes the next slot, gives it `name` (`length` bytes, no NUL) and, unless `code` is NULL, a row
 * of the code table.  Its address, or 0 when the image has no slot or no room for these left, or
 * its file system none for the file. */
uintptr_t pyperf_image_add(struct pyperf_image *image, const char *name, size_t length,
                           const struct pyperf_code *code);

/* Another row, for a slot of this image or of another; of a context `slot` means nothing.  0, or
 * -ENOSPC: no room. */
int pyperf_image_describe(struct pyperf_image *image, uintptr_t slot,
                          const struct pyperf_code *code);

/* The last row: nothing of what comes is in the table. */
void pyperf_image_end_rows(struct pyperf_image *image, uint64_t now);

/* Room that a row takes at most. */
size_t pyperf_image_row_room(const struct pyperf_code *code);

/* In a forked child: forget the parent's writable part.  Slots stay usable. */
void pyperf_image_disown(struct pyperf_image *image);

#endif
