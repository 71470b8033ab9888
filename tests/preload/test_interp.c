/* Which Python this is: rows that are picked, and all that is declined. */
#include "interp.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pyperf.h"
#include "support.h"

static struct pyperf_python python;

/* -- Finding one ---------------------------------------------------------------------------- */

static void *load(const char *variant)
{
    char path[512];
    snprintf(path, sizeof path, "%s/fake-python-%s.so", FAKE_PYTHON_FOLDER, variant);
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(handle != NULL, "%s", dlerror());
    return handle;
}

static int find(const char *variant, const char *version, uint64_t free_threaded)
{
    void *handle = load(variant);
    *(const char **)dlsym(handle, "fake_version") = version;
    char *runtime = dlsym(handle, "_PyRuntime");
    memcpy(runtime, "xdebugpy", 8);
    memcpy(runtime + 16, &free_threaded, sizeof free_threaded);
    return pyperf_interp_find(&python, handle);
}

static void find_row(int minor, bool free_threaded)
{
    char version[64];
    snprintf(version, sizeof version, "3.%d.2 (main, Jan  1 2026) [GCC]", minor);
    ck_assert_int_eq(find("whole", version, free_threaded), 0);
}

/* Calls `check` for each row there is. */
static void for_each_row(void (*check)(void))
{
    for (int minor = PYPERF_FIRST_MINOR; minor <= PYPERF_LAST_MINOR; minor++) {
        find_row(minor, false);
        check();
        if (minor >= 13) {
            find_row(minor, true);
            check();
        }
    }
}

START_TEST(each_version_has_its_row)
{
    for (int minor = PYPERF_FIRST_MINOR; minor <= PYPERF_LAST_MINOR; minor++) {
        for (int threaded = 0; threaded <= (minor >= 13 ? 1 : 0); threaded++) {
            char name[16];
            snprintf(name, sizeof name, "3.%d%s", minor, threaded ? "t" : "");
            find_row(minor, threaded);
            ck_assert_str_eq(python.layout->name, name);
            ck_assert_int_eq(python.layout->minor, minor);
            ck_assert_int_eq(python.layout->free_threaded, threaded);
        }
    }
}
END_TEST

static void check_functions(void)
{
    int minor = python.layout->minor;
    ck_assert_ptr_nonnull((void *)python.default_evaluator);
    ck_assert_ptr_nonnull((void *)python.current_tstate);
    ck_assert_ptr_nonnull((void *)python.decref);
    ck_assert_int_eq(python.set_evaluator != NULL, minor >= 9);
    ck_assert_int_eq(python.interp_id != NULL, minor >= 7);
    ck_assert_int_eq(python.next_interp != NULL, minor == 6);
    ck_assert_int_eq(python.tuple_item != NULL, minor <= 10);
    ck_assert_int_eq(python.layout->eval_frame != 0, minor < 9);
}

START_TEST(each_row_gets_the_functions_it_needs)
{
    for_each_row(check_functions);
}
END_TEST

/* No two fields of a code object may be the same word. */
static void check_offsets(void)
{
    const struct pyperf_layout *l = python.layout;
    const size_t offsets[] = {l->co_filename, l->co_name,     l->co_qualname, l->co_firstlineno,
                              l->co_version,  l->co_adaptive, l->co_code,     l->co_consts,
                              l->co_names,    l->co_flags,    l->co_lines};
    size_t count = sizeof offsets / sizeof offsets[0];
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert(offsets[i] == 0 || offsets[i] != offsets[j]);
    ck_assert_int_eq(l->co_qualname != 0, l->minor >= 11);
    ck_assert_int_eq(l->identity == PYPERF_BY_ADDRESS, l->minor < 12);
    ck_assert_int_eq(l->identity == PYPERF_BY_VERSION_AT_ONCE, l->free_threaded);
    ck_assert_int_eq(l->co_version != 0, l->minor >= 12);
    ck_assert_int_eq(l->co_adaptive != 0, l->minor >= 11 && !l->free_threaded);
    ck_assert_int_eq(l->adaptive_opcodes[0] != 0, l->co_adaptive != 0);
    ck_assert_int_ne(l->co_lines, 0);
    ck_assert_int_eq(l->co_bytecode != 0, l->minor >= 11);
    ck_assert(l->co_adaptive == 0 || l->co_adaptive == l->co_bytecode);
}

START_TEST(each_row_is_consistent)
{
    for_each_row(check_offsets);
}
END_TEST

static int64_t number_of(void *interp)
{
    return *(int64_t *)interp;
}

static void *next_of(void *interp)
{
    return *(void **)interp;
}

START_TEST(the_main_interpreter_is_number_0_or_last_of_the_list)
{
    int64_t numbers[] = {0, 1};
    const struct pyperf_python numbered = {.interp_id = number_of};
    ck_assert(pyperf_interp_is_main(&numbered, &numbers[0]));
    ck_assert(!pyperf_interp_is_main(&numbered, &numbers[1]));
    void *main = NULL;
    void *subinterpreter = &main;
    const struct pyperf_python listed = {.next_interp = next_of};
    ck_assert(pyperf_interp_is_main(&listed, &main));
    ck_assert(!pyperf_interp_is_main(&listed, &subinterpreter));
}
END_TEST

static void declined(const char *variant, const char *version, uint64_t free_threaded,
                     const char *why)
{
    support_log_to_file();
    ck_assert_int_eq(find(variant, version, free_threaded), -ENOTSUP);
    ck_assert_uint_eq(support_logged(""), 1);
    ck_assert_msg(support_logged(why) == 1, "%s %s: no %s", variant, version, why);
}

START_TEST(unknown_versions_are_declined_by_name)
{
    static const char *const versions[] = {"2.7.18",  "3.5.10", "3.16.0a1", "4.0.0",
                                           "3.100.1", "33.8.0", "3.1.5"};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        declined("whole", versions[i], 0, versions[i]);
    declined("whole", "3.", 0, "3. is not known");
    declined("whole", "", 0, "is not known");
}
END_TEST

START_TEST(a_runtime_that_describes_itself_otherwise_is_declined)
{
    declined("whole", "3.13.1", 2, "3.13.1");
    find("whole", "3.12.1", 0);
    void *handle = load("whole");
    *(const char **)dlsym(handle, "fake_version") = "3.14.0";
    memcpy(dlsym(handle, "_PyRuntime"), "notdebug", 8);
    support_log_to_file();
    ck_assert_int_eq(pyperf_interp_find(&python, handle), -ENOTSUP);
    ck_assert_uint_eq(support_logged("3.14.0"), 1);
}
END_TEST

START_TEST(odd_interpreters_are_declined_with_the_reason)
{
    declined("pypy", "3.9.18", 0, "PyPy");
    declined("debug-build", "3.9.18", 0, "debug build");
    declined("no-version", "", 0, "Py_GetVersion");
    declined("lacks-a-symbol", "3.9.18", 0, "PyUnicode_AsUTF8AndSize");
}
END_TEST

START_TEST(no_python_is_none_of_our_business)
{
    support_log_to_file();
    ck_assert_int_eq(find("no-python", "", 0), -ENOENT);
    ck_assert(!pyperf_interp_present(load("no-python")));
    ck_assert(pyperf_interp_present(load("whole")));
    ck_assert(pyperf_interp_present(load("pypy")));
    ck_assert_uint_eq(support_logged(""), 0);
}
END_TEST

/* -- Checking the row against a running one ------------------------------------------------- */

enum field { NOTHING, LINE, TYPE, FILENAME, NAME, QUALNAME, VERSION, ADAPTIVE, CODE, FIELDS };

static _Alignas(16) char codes[2][256];
static enum field wrong; /* what the interpreter keeps elsewhere */
static int created, released, cleared;
static uint32_t version_step;

static char instructions[] = {90, 0, 0, 0, 83, 1};
static char adaptive[] = {90, 0, 12, 34, 83, 1}; /* with a counter in the cache entry */

static void put(char *code, enum field field, size_t offset, const void *value, size_t size)
{
    if (field != wrong)
        memcpy(code + offset, value, size);
}

static PyObject *make_code(const char *file, const char *function, int line)
{
    const struct pyperf_layout *l = python.layout;
    char *code = codes[created++];
    memset(code, 0, sizeof codes[0]);
    uint32_t version = 100 + (uint32_t)created * version_step;
    put(code, LINE, l->co_firstlineno, &line, sizeof line);
    put(code, TYPE, l->free_threaded ? 24 : 8, &python.code_type, sizeof(void *));
    put(code, FILENAME, l->co_filename, &file, sizeof file);
    put(code, NAME, l->co_name, &function, sizeof function);
    if (l->co_qualname != 0)
        put(code, QUALNAME, l->co_qualname, &function, sizeof function);
    if (l->co_version != 0)
        put(code, VERSION, l->co_version, &version, sizeof version);
    if (l->co_adaptive != 0)
        put(code, ADAPTIVE, l->co_adaptive, adaptive, sizeof adaptive);
    const char *bytecode = instructions;
    if (l->co_code != 0)
        put(code, CODE, l->co_code, &bytecode, sizeof bytecode);
    return code;
}

static PyObject *fail_to_make_code(const char *file, const char *function, int line)
{
    (void)file, (void)function, (void)line;
    return NULL;
}

static const char *text_of(PyObject *string, ptrdiff_t *size)
{
    *size = (ptrdiff_t)strlen(string);
    return string;
}

static PyObject *attribute_of(PyObject *code, const char *name)
{
    (void)code;
    ck_assert_str_eq(name, "co_code");
    return instructions;
}

static PyObject *instructions_of(PyObject *code)
{
    (void)code;
    return instructions;
}

static int bytes_of(PyObject *string, char **text, ptrdiff_t *size)
{
    *text = string;
    *size = sizeof instructions;
    return 0;
}

static void release(PyObject *object)
{
    if (object != instructions)
        released++;
}

static void clear(void)
{
    cleared++;
}

static int verify(enum field kept_elsewhere, uint32_t step)
{
    wrong = kept_elsewhere;
    version_step = step;
    created = released = cleared = 0;
    python.new_empty_code = make_code;
    python.utf8 = text_of;
    python.code_bytes = instructions_of;
    python.attribute = attribute_of;
    python.bytes = bytes_of;
    python.decref = release;
    python.error_clear = clear;
    support_log_to_file();
    int status = pyperf_interp_verify(&python);
    ck_assert_int_eq(created, 2);
    ck_assert_int_eq(released, 2);
    ck_assert_uint_eq(support_logged("declined"), status != 0);
    return status;
}

static void check_verified(void)
{
    ck_assert_int_eq(verify(NOTHING, 1), 0);
}

START_TEST(a_row_that_fits_is_accepted)
{
    for_each_row(check_verified);
}
END_TEST

static void check_refused(void)
{
    static const char *const names[FIELDS] = {
        [LINE] = "co_firstlineno",       [TYPE] = "ob_type",
        [FILENAME] = "co_filename",      [NAME] = "co_name",
        [QUALNAME] = "co_qualname",      [VERSION] = "co_version",
        [ADAPTIVE] = "co_code_adaptive", [CODE] = "co_code"};
    const struct pyperf_layout *l = python.layout;
    for (enum field field = LINE; field < FIELDS; field++) {
        if ((field == QUALNAME && l->co_qualname == 0) ||
            (field == VERSION && l->co_version == 0) ||
            (field == ADAPTIVE && l->co_adaptive == 0) || (field == CODE && l->co_code == 0))
            continue;
        ck_assert_int_eq(verify(field, 1), -ENOTSUP);
        ck_assert_uint_eq(support_logged(names[field]), 1);
    }
}

START_TEST(a_field_kept_elsewhere_is_named)
{
    for_each_row(check_refused);
}
END_TEST

START_TEST(versions_have_to_count)
{
    find_row(13, false);
    ck_assert_int_eq(verify(NOTHING, 0), -ENOTSUP);
    ck_assert_int_eq(verify(NOTHING, 5000), -ENOTSUP);
    ck_assert_int_eq(verify(NOTHING, (uint32_t)-1), -ENOTSUP);
    ck_assert_int_eq(verify(NOTHING, 3), 0);
}
END_TEST

START_TEST(an_interpreter_without_memory_is_declined)
{
    find_row(12, false);
    python.new_empty_code = fail_to_make_code;
    python.error_clear = clear;
    support_log_to_file();
    ck_assert_int_eq(pyperf_interp_verify(&python), -ENOTSUP);
    ck_assert_int_eq(cleared, 1);
    ck_assert_uint_eq(support_logged("PyCode_NewEmpty"), 1);
}
END_TEST

SUPPORT_MAIN(each_version_has_its_row, each_row_gets_the_functions_it_needs, each_row_is_consistent,
             the_main_interpreter_is_number_0_or_last_of_the_list,
             unknown_versions_are_declined_by_name,
             a_runtime_that_describes_itself_otherwise_is_declined,
             odd_interpreters_are_declined_with_the_reason, no_python_is_none_of_our_business,
             a_row_that_fits_is_accepted, a_field_kept_elsewhere_is_named, versions_have_to_count,
             an_interpreter_without_memory_is_declined)
