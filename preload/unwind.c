/* Answers unwinders' questions about images; see unwind.h. */
#include "unwind.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include "exported.h"
#include "image.h"

/* glibc 2.35 <dlfcn.h>, declared here so that the library builds and runs with older ones; this
 * is the layout where there is no dlfo_eh_dbase. */
struct find_object {
    unsigned long long flags;
    void *map_start;
    void *map_end;
    struct link_map *link_map;
    void *eh_frame;
    unsigned long long reserved[7];
};

typedef int (*find_object_fn)(void *, struct find_object *);
typedef int (*phdr_callback)(struct dl_phdr_info *, size_t, void *);
typedef int (*iterate_fn)(phdr_callback, void *);

int pyperf_dl_find_object(void *address, struct find_object *result) EXPORTED_AS("_dl_find_object");
int pyperf_dl_iterate_phdr(phdr_callback callback, void *data) EXPORTED_AS("dl_iterate_phdr");

enum { TABLE_SIZE = 64 };

/* One link map serves all: callers read its name and load address only where they print. */
static struct known_image {
    uintptr_t start, end, eh_frame_hdr;
    struct link_map link_map;
    char path[sizeof(((struct pyperf_image *)0)->path)];
} images[TABLE_SIZE];
static unsigned image_count;

void pyperf_unwind_add(const struct pyperf_image *image)
{
    unsigned count = image_count;
    if (count == TABLE_SIZE)
        return;
    struct known_image *known = &images[count];
    known->start = image->base;
    known->end = image->end;
    known->eh_frame_hdr = image->eh_frame_hdr;
    __builtin_memcpy(known->path, image->path, sizeof known->path);
    known->link_map.l_addr = image->base;
    known->link_map.l_name = known->path;
    __atomic_store_n(&image_count, count + 1, __ATOMIC_RELEASE);
}

/* Looked up when the library is loaded: an exception may be thrown while another thread holds the
 * loader's lock, and the real functions are made for that. */
static find_object_fn real_find_object;
static iterate_fn real_iterate;

__attribute__((constructor)) static void find_real_functions(void)
{
    real_find_object = (find_object_fn)dlsym(RTLD_NEXT, "_dl_find_object");
    real_iterate = (iterate_fn)dlsym(RTLD_NEXT, "dl_iterate_phdr");
}

/* Async-signal-safe, as the original. */
int pyperf_dl_find_object(void *address, struct find_object *result)
{
    unsigned count = __atomic_load_n(&image_count, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < count; i++) {
        struct known_image *known = &images[i];
        if ((uintptr_t)address - known->start < known->end - known->start) {
            *result = (struct find_object){.map_start = (void *)known->start,
                                           .map_end = (void *)known->end,
                                           .link_map = &known->link_map,
                                           .eh_frame = (void *)known->eh_frame_hdr};
            return 0;
        }
    }
    if (real_find_object == NULL)
        find_real_functions();
    return real_find_object != NULL ? real_find_object(address, result) : -1;
}

/* What the real iteration hands on, with our images counted as loaded objects: libgcc caches by
 * dlpi_adds. */
struct forward {
    phdr_callback callback;
    void *data;
    unsigned images;
    unsigned long long adds, subs;
};

static int forward_object(struct dl_phdr_info *info, size_t size, void *data)
{
    struct forward *forward = data;
    struct dl_phdr_info copy = *info;
    if (size >= offsetof(struct dl_phdr_info, dlpi_subs) + sizeof info->dlpi_subs) {
        copy.dlpi_adds += forward->images;
        forward->adds = copy.dlpi_adds;
        forward->subs = copy.dlpi_subs;
    }
    return forward->callback(&copy, size, forward->data);
}

int pyperf_dl_iterate_phdr(phdr_callback callback, void *data)
{
    if (real_iterate == NULL)
        find_real_functions(); /* called from a constructor that ran before ours */
    unsigned count = __atomic_load_n(&image_count, __ATOMIC_ACQUIRE);
    if (count == 0)
        return real_iterate != NULL ? real_iterate(callback, data) : 0;

    struct forward forward = {.callback = callback, .data = data, .images = count};
    int status = real_iterate != NULL ? real_iterate(forward_object, &forward) : 0;
    for (unsigned i = 0; i < count && status == 0; i++) {
        const Elf64_Ehdr *header = (const Elf64_Ehdr *)images[i].start;
        struct dl_phdr_info info = {
            .dlpi_addr = images[i].start,
            .dlpi_name = images[i].path,
            .dlpi_phdr = (const ElfW(Phdr) *)(images[i].start + header->e_phoff),
            .dlpi_phnum = header->e_phnum,
            .dlpi_adds = forward.adds,
            .dlpi_subs = forward.subs,
        };
        status = callback(&info, sizeof info, data);
    }
    return status;
}

const char *pyperf_object_path(void *address)
{
    struct find_object object;
    if (pyperf_dl_find_object(address, &object) == 0)
        return object.link_map != NULL ? object.link_map->l_name : NULL;
    Dl_info info;
    return dladdr(address, &info) != 0 ? info.dli_fname : NULL;
}
