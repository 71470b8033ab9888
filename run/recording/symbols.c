#include "recording/symbols.h"
#include "recording/demangle.h"
#include "recording/processor.h"
#include "recording/sections.h"

#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TEXT = 64 << 10,
    PAGE = 4096,
    NESTED = 8, /* how many symbols to look back for one that covers an address */
};

struct symbols_text {
    struct symbols_text *next;
    size_t used, room;
    char bytes[];
};

const char *symbols_keep(struct symbols *symbols, const char *name, size_t length)
{
    struct symbols_text *text = symbols->text;
    char *kept;

    if (!text || text->room - text->used <= length) {
        size_t room = length < TEXT ? TEXT : length + 1;
        text = malloc(sizeof *text + room);
        if (!text)
            return NULL;
        *text = (struct symbols_text){.next = symbols->text, .room = room};
        symbols->text = text;
    }
    kept = text->bytes + text->used;
    memcpy(kept, name, length);
    kept[length] = '\0';
    text->used += length + 1;
    return kept;
}

static int add(struct symbols *symbols, struct symbol symbol, const char *name, size_t length)
{
    if (symbols->count == symbols->room) {
        size_t room = symbols->room ? symbols->room * 2 : 256;
        struct symbol *grown = realloc(symbols->list, room * sizeof *grown);
        if (!grown)
            return -ENOMEM;
        symbols->list = grown;
        symbols->room = room;
    }
    symbol.order = (uint32_t)symbols->count;
    symbol.name = symbols_keep(symbols, name, length);
    if (!symbol.name)
        return -ENOMEM;
    symbols->list[symbols->count++] = symbol;
    return 0;
}

int symbols_add(struct symbols *symbols, uint64_t start, uint64_t size, const char *name,
                size_t length)
{
    struct symbol symbol = {.start = start, .end = start + size, .typed = true, .global = true};
    return add(symbols, symbol, name, length);
}

/* -- ELF ------------------------------------------------------------------------------------ */

/* perf takes labels without a type only from sections of code. */
static bool names_code(Elf *elf, const GElf_Sym *entry)
{
    int type = GELF_ST_TYPE(entry->st_info);
    GElf_Shdr header;
    Elf_Scn *section;

    if (entry->st_shndx == SHN_UNDEF || entry->st_shndx == SHN_ABS || entry->st_value == 0)
        return false;
    if (type == STT_FUNC || type == STT_GNU_IFUNC)
        return true;
    if (type != STT_NOTYPE || entry->st_shndx >= SHN_LORESERVE)
        return false;
    section = elf_getscn(elf, entry->st_shndx);
    return section && gelf_getshdr(section, &header) && header.sh_flags & SHF_EXECINSTR;
}

int symbols_add_table(struct symbols *symbols, Elf *elf, bool dynamic)
{
    GElf_Shdr header;
    Elf_Scn *section = section_of_type(elf, dynamic ? SHT_DYNSYM : SHT_SYMTAB, &header);
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
    GElf_Sym entry;
    int rc = 0;

    if (!data || !data->d_buf)
        return -ENOENT;
    for (int i = 1; rc == 0 && gelf_getsym(data, i, &entry); i++) {
        struct symbol symbol = {.start = entry.st_value,
                                .end = entry.st_value + entry.st_size,
                                .typed = GELF_ST_TYPE(entry.st_info) != STT_NOTYPE,
                                .weak = GELF_ST_BIND(entry.st_info) == STB_WEAK,
                                .global = GELF_ST_BIND(entry.st_info) == STB_GLOBAL};
        const char *name;
        char *demangled;
        if (!names_code(elf, &entry))
            continue;
        name = elf_strptr(elf, header.sh_link, entry.st_name);
        if (!name || !*name || name[0] == '$') /* "$x", "$d": where code and data begin */
            continue;
        demangled = demangle(name);
        if (demangled)
            name = demangled;
        rc = add(symbols, symbol, name, strlen(name));
        free(demangled);
    }
    return rc;
}

/* Entry i of the table belongs to relocation i; .plt begins with an entry for the linker, .plt.sec
 * (through which calls go where each target of a jump begins with a mark) does not. */
int symbols_add_plt(struct symbols *symbols, Elf *elf)
{
    GElf_Shdr relocations, plt, names;
    Elf_Scn *section = section_of_name(elf, ".rela.plt", &relocations), *dynamic;
    Elf_Data *data = section ? elf_getdata(section, NULL) : NULL, *table;
    uint64_t at, first = 0, each = 16;
    GElf_Rela relocation;
    int rc = 0;

    if (!data)
        return 0;
    dynamic = elf_getscn(elf, relocations.sh_link);
    table = dynamic && gelf_getshdr(dynamic, &names) ? elf_getdata(dynamic, NULL) : NULL;
    if (!section_of_name(elf, ".plt.sec", &plt)) {
        if (!section_of_name(elf, ".plt", &plt))
            return 0;
        first = processor_here.plt_header;
    }
    at = plt.sh_addr + first;
    for (int i = 0; table && rc == 0 && gelf_getrela(data, i, &relocation); i++, at += each) {
        char *name, *demangled;
        const char *called;
        GElf_Sym entry;
        int length;
        if (at + each > plt.sh_addr + plt.sh_size)
            break;
        if (!gelf_getsym(table, (int)GELF_R_SYM(relocation.r_info), &entry))
            continue;
        called = elf_strptr(elf, names.sh_link, entry.st_name);
        if (!called || !*called)
            continue;
        demangled = demangle(called);
        length = asprintf(&name, "%s@plt", demangled ? demangled : called);
        free(demangled);
        if (length < 0)
            return -ENOMEM;
        rc = symbols_add(symbols, at, each, name, (size_t)length);
        free(name);
    }
    return rc;
}

/* -- Order ---------------------------------------------------------------------------------- */

static int by_start(const void *left, const void *right)
{
    const struct symbol *a = left, *b = right;

    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static bool in_order(const struct symbol *list, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (by_start(&list[i - 1], &list[i]) > 0)
            return false;
    return true;
}

static size_t underscores(const char *name)
{
    return strspn(name, "_");
}

/* As perf chooses: tools/perf/util/symbol.c, choose_best_symbol().  `b` was added later. */
static bool is_better(const struct symbol *a, const struct symbol *b)
{
    size_t left, right;

    if ((a->end == a->start) != (b->end == b->start))
        return a->end != a->start;
    if (a->typed != b->typed)
        return a->typed;
    if (a->weak != b->weak)
        return b->weak;
    if (a->global != b->global)
        return a->global;
    left = underscores(a->name);
    right = underscores(b->name);
    if (left != right)
        return left < right;
    return strlen(a->name) >= strlen(b->name);
}

/* As perf does, symbols without a size get one first.  So of several at one address the last one
 * gets it, and is preferred. */
void symbols_finish(struct symbols *symbols)
{
    struct symbol *list = symbols->list;
    size_t last = symbols->count - 1, kept = 0;

    if (!symbols->count)
        return;
    if (!in_order(list, symbols->count)) /* the kernel's 200,000 nearly are, perf maps may be */
        qsort(list, symbols->count, sizeof *list, by_start);
    for (size_t i = 0; i < last; i++)
        if (list[i].end == list[i].start)
            list[i].end = list[i + 1].start;
    if (list[last].end == list[last].start)
        list[last].end = ((list[last].start + PAGE - 1) & -(uint64_t)PAGE) + PAGE;
    for (size_t i = 1; i <= last; i++) {
        if (list[i].start != list[kept].start)
            list[++kept] = list[i];
        else if (!is_better(&list[kept], &list[i]))
            list[kept] = list[i];
    }
    symbols->count = kept + 1;
}

const struct symbol *symbols_find(const struct symbols *symbols, uint64_t address)
{
    size_t low = 0, high = symbols->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (symbols->list[middle].start <= address)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t back = 0; back < NESTED && low > 0; back++, low--)
        if (address < symbols->list[low - 1].end)
            return &symbols->list[low - 1];
    return NULL;
}

void symbols_free(struct symbols *symbols)
{
    while (symbols->text) {
        struct symbols_text *next = symbols->text->next;
        free(symbols->text);
        symbols->text = next;
    }
    free(symbols->list);
    *symbols = (struct symbols){.list = NULL};
}
