/* The ELF reader: prologues of both architectures, names, and files that are no Python. */
#include "python/elfinfo.h"
#include "python/prologue.h"
#include "suite.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *what;
    uint16_t machine;
    bool keeps;
    unsigned char code[16];
} prologues[] = {
    {"push rbp; mov rbp,rsp", EM_X86_64, true, {0x55, 0x48, 0x89, 0xe5, 0x90, 0x90}},
    {"endbr64; push; mov", EM_X86_64, true, {0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5}},
    {"push rbp as plain save", EM_X86_64, false, {0x55, 0x53, 0x48, 0x89, 0xf5, 0x48, 0x83}},
    {"mov before push", EM_X86_64, false, {0x48, 0x89, 0xe5, 0x55, 0x90, 0x90, 0x90}},
    {"sub rsp", EM_X86_64, false, {0x48, 0x83, 0xec, 0x28, 0x48, 0x8b, 0x47, 0x08}},
    {"stp x29,x30,[sp,-32]!; mov x29,sp",
     EM_AARCH64,
     true,
     {0xfd, 0x7b, 0xbe, 0xa9, 0xfd, 0x03, 0x00, 0x91}},
    {"paciasp; stp; mov",
     EM_AARCH64,
     true,
     {0x3f, 0x23, 0x03, 0xd5, 0xfd, 0x7b, 0xbe, 0xa9, 0xfd, 0x03, 0x00, 0x91}},
    {"stp without mov", EM_AARCH64, false, {0xfd, 0x7b, 0xbe, 0xa9, 0xf3, 0x03, 0x00, 0xaa}},
    {"an unknown machine", EM_386, false, {0x55, 0x48, 0x89, 0xe5}},
};

START_TEST(test_prologue)
{
    ck_assert_msg(prologue_keeps_frame_pointer(prologues[_i].machine, prologues[_i].code, 16) ==
                      prologues[_i].keeps,
                  "%s", prologues[_i].what);
}
END_TEST

START_TEST(test_version_of_name)
{
    int major = 0, minor = 0;

    ck_assert(elfinfo_version_of_name("libpython3.11.so.1.0", &major, &minor));
    ck_assert_int_eq(major, 3);
    ck_assert_int_eq(minor, 11);
    ck_assert(elfinfo_version_of_name("/opt/python2.7/bin/python3.6m", &major, &minor));
    ck_assert_int_eq(minor, 6);
    ck_assert(!elfinfo_version_of_name("python3", &major, &minor));
    ck_assert(!elfinfo_version_of_name("ruby3.1", &major, &minor));
}
END_TEST

START_TEST(test_not_elf)
{
    struct elfinfo info;

    ck_assert_int_eq(elfinfo_read_path(&info, "/nonexistent"), -ENOENT);
    ck_assert_int_eq(elfinfo_read_path(&info, "/etc/passwd"), -ENOEXEC);
    ck_assert_int_eq(elfinfo_read_path(&info, "/dev/null"), -ENOEXEC);
    ck_assert_int_eq(elfinfo_read_path(&info, "/"), -ENOEXEC);
}
END_TEST

START_TEST(test_own_executable)
{
    struct elfinfo info;

    ck_assert_int_eq(elfinfo_read_path(&info, "/proc/self/exe"), 0);
    ck_assert(info.executable && info.dynamic && info.loader[0] == '/');
    ck_assert(!info.has_evaluator && !info.needs_libpython && info.major == 0);
    ck_assert_int_eq(info.pointers, POINTERS_UNKNOWN);
}
END_TEST

/* Every beginning of a real file, and the file with each byte of its first page damaged. */
START_TEST(test_damaged_file)
{
    static unsigned char bytes[1 << 16];
    int fd = open("/proc/self/exe", O_RDONLY);
    ssize_t size = read(fd, bytes, sizeof bytes);
    struct elfinfo info;

    close(fd);
    ck_assert_int_gt(size, 4096);
    elf_version(EV_CURRENT);
    for (ssize_t length = 0; length < size; length += length < 4096 ? 7 : 997) {
        Elf *elf = elf_memory((char *)bytes, (size_t)length);
        elfinfo_read(&info, elf);
        elf_end(elf);
    }
    for (ssize_t at = 4; at < 4096; at++) {
        unsigned char kept = bytes[at];
        Elf *elf;
        bytes[at] = (unsigned char)~kept;
        elf = elf_memory((char *)bytes, (size_t)size);
        elfinfo_read(&info, elf);
        elf_end(elf);
        bytes[at] = kept;
    }
}
END_TEST

#define LENGTH(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    TCase *tests = tcase_create("elfinfo");

    tcase_add_loop_test(tests, test_prologue, 0, LENGTH(prologues));
    tcase_add_test(tests, test_version_of_name);
    tcase_add_test(tests, test_not_elf);
    tcase_add_test(tests, test_own_executable);
    tcase_add_test(tests, test_damaged_file);
    return run_case("elfinfo", tests);
}
