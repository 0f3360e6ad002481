/* symbols/: names and lines of real binaries, made here with the system's compilers, and files made to hurt. */
#include "symbols/lines.h"

#include "symbols_fixture.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Two functions of one name, each with its own file and line; `main` calls what there is. */
static const char one_c[] = "int second(void);\n"
                            "\n"
                            "static int twin(void)\n"
                            "{\n"
                            "    return 1;\n"
                            "}\n"
                            "int first(void) { return twin(); }\n"
                            "int main(void)\n"
                            "{\n"
                            "    return first() + second();\n"
                            "}\n";
static const char two_c[] = "static int twin(void) { return 2; }\n"
                            "#line 100 \"sub/../moved.c\"\n"
                            "int second(void) { return twin(); }\n";

static void sources_write(void)
{
    fixture_write("one.c", one_c);
    fixture_write("two.c", two_c);
}

/*
 * FILES: without lines, local functions still have the files that the symbol table names. BODY: the line may be that of
 * the opening brace, as the line table has it (elfutils before 0.191 reads no packages of split DWARF).
 */
enum { LINES = 1, LOCALS = 2, NOTICE = 4, DEBUG_DIR = 8, NAMELESS = 16, FILES = 32, BODY = 64 };

/* How a binary is made: the compiler's arguments, and what is done to it afterwards ("whole" has all symbols). */
static const struct {
    const char *name, *compiler, *arguments, *afterwards;
    unsigned expect;
} variants[] = {
    {"PIE", "cc", "-g -pie -fPIE", NULL, LINES | LOCALS},
    {"not PIE", "cc", "-g -no-pie -fno-pie", NULL, LINES | LOCALS},
    {"static", "cc", "-g -static", NULL, LINES | LOCALS},
    {"static PIE", "cc", "-g -static-pie -fPIE", NULL, LINES | LOCALS},
    {"shared", "cc", "-g -shared -fPIC", NULL, LINES | LOCALS},
    {"DWARF 4", "cc", "-gdwarf-4", NULL, LINES | LOCALS},
    {"DWARF 5", "cc", "-gdwarf-5", NULL, LINES | LOCALS},
    {"DWARF 2", "cc", "-gdwarf-2 -gstrict-dwarf", NULL, LINES | LOCALS},
    {"split DWARF", "cc", "-g -gsplit-dwarf", NULL, LINES | LOCALS},
    {"compressed DWARF", "cc", "-g -gz", NULL, LINES | LOCALS},
    {"optimised", "cc", "-g -O2 -fno-inline -fno-ipa-icf", NULL, LINES},
    {"link-time optimised", "cc", "-g -O1 -flto -fno-inline", NULL, LINES},
    {"clang, DWARF 4", "clang", "-gdwarf-4", NULL, LINES | LOCALS},
    {"clang, DWARF 5", "clang", "-gdwarf-5", NULL, LINES | LOCALS},
    {"clang, split DWARF", "clang", "-g -gsplit-dwarf", NULL, LINES | LOCALS},
    {"split DWARF in one package", "cc", "-g -gsplit-dwarf",
     "command -v llvm-dwp >/dev/null || exit 0; llvm-dwp -e binary -o binary.dwp && rm *.dwo", LINES | LOCALS | BODY},
    {"one file without duplicates", "cc", "-g", "command -v dwz >/dev/null || exit 0; dwz binary", LINES | LOCALS},
    {"debug information shared between files", "cc", "-g -include stdio.h -include stdlib.h -include signal.h",
     "command -v dwz >/dev/null || exit 0; cp binary twin && dwz -m common binary twin && rm twin && "
     "readelf -S binary | grep -q debugaltlink",
     LINES | LOCALS},
    {"no debug information", "cc", "", NULL, LOCALS | FILES},
    {"debug file by its link, beside", "cc", "-g -Wl,--build-id=none",
     "objcopy --only-keep-debug binary binary.dbg && strip binary && objcopy --add-gnu-debuglink=binary.dbg binary",
     LINES | LOCALS},
    {"debug file by its link, in .debug", "cc", "-g",
     "mkdir .debug && objcopy --only-keep-debug binary .debug/b && strip binary && "
     "objcopy --add-gnu-debuglink=.debug/b binary",
     LINES | LOCALS},
    {"debug file by its link, in the debug folder", "cc", "-g",
     "mkdir -p debug/$PWD && objcopy --only-keep-debug binary debug/$PWD/b && strip binary && "
     "objcopy --add-gnu-debuglink=debug/$PWD/b binary",
     LINES | LOCALS | DEBUG_DIR},
    {"debug file by build-id", "cc", "-g -Wl,--build-id=0x0123456789abcdef",
     "mkdir -p debug/.build-id/01 && objcopy --only-keep-debug binary debug/.build-id/01/23456789abcdef.debug && "
     "strip binary",
     LINES | LOCALS | DEBUG_DIR},
    {"debug file of another build, by its link", "cc", "-g -Wl,--build-id=none",
     "objcopy --only-keep-debug binary binary.dbg && strip binary && objcopy --add-gnu-debuglink=binary.dbg binary && "
     "printf x >>binary.dbg",
     NOTICE | NAMELESS},
    {"debug file of another build, by build-id", "cc", "-g -Wl,--build-id=0x0123456789abcdef",
     "mkdir -p debug/.build-id/01 && objcopy --only-keep-debug binary o && strip binary && "
     "objcopy --remove-section .note.gnu.build-id o debug/.build-id/01/23456789abcdef.debug",
     NOTICE | NAMELESS | DEBUG_DIR},
    {"lines in the debug file alone", "cc", "-g",
     "objcopy --only-keep-debug binary binary.dbg && strip --strip-debug binary && "
     "objcopy --add-gnu-debuglink=binary.dbg binary",
     LINES | LOCALS},
    {"symbols packed with xz", "cc", "-g",
     "command -v xz >/dev/null && nm binary | awk '$2 == \"t\" || $2 == \"T\" { print $3 }' >keep && "
     "objcopy -S --remove-section .gdb_index --keep-symbols=keep binary mini && strip binary && xz mini && "
     "objcopy --add-section .gnu_debugdata=mini.xz binary",
     LOCALS | NOTICE},
    {"stripped", "cc", "-g", "strip binary", NOTICE | NAMELESS},
    {"stripped, shared", "cc", "-g -shared -fPIC", "strip binary", NOTICE},
    {"no sections", "cc", "-g", "objcopy --strip-section-headers binary 2>/dev/null || strip binary",
     NOTICE | NAMELESS},
};

static const struct {
    const char *name, *file;
    uint32_t line;

} functions[] = {
    {"first", "one.c", 7},
    {"main", "one.c", 8},
    {"second", "moved.c", 100},
};

static void check_file(const struct fixture *fixture, const struct symbol *symbol, const char *name, uint32_t line,
                       unsigned expect)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", fixture->dir, name);
    if (!(expect & LINES)) {
        ck_assert_ptr_null(symbol->file);
        ck_assert_uint_eq(symbol->line, 0);
        return;
    }
    ck_assert_str_eq(symbol->file, path);
    if (symbol->line != line + 1 || !(expect & BODY))
        ck_assert_uint_eq(symbol->line, line);
}

/* The two functions `twin`, in the order of the files. */
static void check_twins(struct fixture *fixture, const struct symbol_options *options, unsigned expect)
{
    bool has_lines = expect & LINES;
    const struct symbol_module module = {.path = "./binary"};
    struct symbol_query queries[2] = {{0}};
    unsigned long long address;
    FILE *pipe = popen("nm -p whole | awk '$3 == \"twin\" { print $1 }'", "r");
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(fscanf(pipe, "%llx", &address), 1);
        queries[i].address = address;
    }
    ck_assert_int_eq(pclose(pipe), 0);
    fixture_resolve(fixture, &module, 1, queries, 2, options);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_str_eq(fixture->answers[i].name, "twin");
    if (expect & FILES) {
        const char *files[] = {fixture->answers[0].file, fixture->answers[1].file};
        bool swapped = strcmp(files[0], "two.c") == 0;
        ck_assert_str_eq(files[swapped], "one.c");
        ck_assert_str_eq(files[!swapped], "two.c");
        return;
    }
    bool swapped = has_lines && fixture->answers[0].line == 1;
    check_file(fixture, &fixture->answers[swapped], "one.c", 3, expect);
    check_file(fixture, &fixture->answers[!swapped], "two.c", 1, expect);
}

START_TEST(binary_is_read)
{
    struct fixture fixture;
    unsigned expect = variants[_i].expect;
    const struct symbol_module module = {.path = "./binary"};
    const struct symbol_options options = {.debug_dir = expect & DEBUG_DIR ? "debug" : NULL};
    if (!fixture_has_tool(variants[_i].compiler))
        return;
    fixture_open(&fixture);
    sources_write();
    fixture_run("%s %s one.c two.c -o binary", variants[_i].compiler, variants[_i].arguments);
    fixture_run("cp binary whole");
    if (variants[_i].afterwards)
        fixture_run("%s", variants[_i].afterwards);

    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        uint64_t start = fixture_address("whole", functions[i].name);
        const struct symbol_query queries[] = {{.address = start}, {.address = start + 1}, {.address = 1}};
        fixture_resolve(&fixture, &module, 1, queries, 3, &options);
        ck_assert_uint_eq(fixture.nr_notices, expect & NOTICE ? 1 : 0);
        ck_assert_ptr_null(fixture.answers[2].name);
        for (unsigned j = 0; j < 2; j++) {
            const struct symbol *symbol = &fixture.answers[j];
            ck_assert_msg((symbol->name == NULL) == ((expect & NAMELESS) != 0), "%s: %s", variants[_i].name,
                          functions[i].name);
            if (symbol->name)
                ck_assert_str_eq(symbol->name, functions[i].name);
            check_file(&fixture, symbol, functions[i].file, functions[i].line, expect);
        }
    }
    if (expect & LOCALS)
        check_twins(&fixture, &options, expect);
    fixture_close(&fixture);
}

END_TEST

/* ---- An oracle that is not ours -------------------------------------------------------------------- */

struct oracle_function {
    unsigned long long address;
    char name[256];
    char file[512];
    unsigned line;
};

/* All functions of a binary as nm lists them, with addr2line's opinion. Returns how many. */
static size_t oracle_read(const char *path, struct oracle_function *list, size_t room)
{
    char line[1024];
    size_t nr = 0;
    fixture_run("nm '%s' | awk '$2 ~ /^[tT]$/ { print $1, $3 }' >names", path);
    fixture_run("cut -d' ' -f1 names | addr2line -e '%s' | sed 's/ (discriminator.*//' >lines", path);
    FILE *pipe = popen("paste -d' ' names lines", "r");
    ck_assert_ptr_nonnull(pipe);
    while (nr < room && fgets(line, sizeof(line), pipe)) {
        struct oracle_function *function = &list[nr];
        char *colon = strrchr(line, ':');
        if (!colon || sscanf(line, "%llx %255s %511[^:]", &function->address, function->name, function->file) != 3)
            continue;
        function->line = (unsigned)strtoul(colon + 1, NULL, 10);
        nr++;
    }
    ck_assert_int_eq(pclose(pipe), 0);
    return nr;
}

static bool oracle_knows(const struct oracle_function *list, size_t nr, const struct symbol_query *query,
                         const char *linkage)
{
    size_t length = strlen(linkage);
    for (size_t i = 0; i < nr; i++)
        if (list[i].address == query->address && strncmp(list[i].name, linkage, length) == 0 &&
            (list[i].name[length] == '\0' || list[i].name[length] == '@'))
            return true;
    return false;
}

static bool elf_has_section(const char *path, const char *section)
{
    char line[1024];
    (void)snprintf(line, sizeof(line), "readelf -SW '%s' | grep -q -F '%s'", path, section);
    return system(line) == 0;
}

/* This program itself: every function has a name that nm has for its address, and nearly always addr2line's line. */
START_TEST(oracle_agrees)
{
    enum { ROOM = 20000 };
    struct fixture fixture;
    struct oracle_function *list = calloc(ROOM, sizeof(*list));
    struct symbol_query *queries = calloc(ROOM, sizeof(*queries));
    char self[512] = "";
    size_t nr_lines = 0, nr_agreed = 0;
    ck_assert(list && queries && readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
    const struct symbol_module module = {.path = self};
    fixture_open(&fixture);
    size_t nr = oracle_read(self, list, ROOM);
    ck_assert_uint_gt(nr, 50);
    for (size_t i = 0; i < nr; i++)
        queries[i].address = list[i].address;
    fixture_resolve(&fixture, &module, 1, queries, nr, NULL);
    for (size_t i = 0; i < nr; i++) {
        const struct symbol *symbol = &fixture.answers[i];
        ck_assert_msg(symbol->linkage && oracle_knows(list, nr, &queries[i], symbol->linkage), "%s: %s", list[i].name,
                      symbol->linkage);
        if (!symbol->file || list[i].file[0] != '/')
            continue;
        /* Their line is of the first instruction: the brace's, or in optimised code that of something inlined. */
        nr_lines++;
        nr_agreed += strcmp(strrchr(symbol->file, '/'), strrchr(list[i].file, '/')) == 0 &&
                     symbol->line <= list[i].line && list[i].line <= symbol->line + 8;
    }
    ck_assert_msg(nr_agreed * 10 >= nr_lines * 9, "%zu of %zu lines agree", nr_agreed, nr_lines);
    ck_assert_msg(nr_lines > 20 || !elf_has_section(self, ".debug_info"), "%zu lines", nr_lines);
    free(queries);
    free(list);
    fixture_close(&fixture);
}

END_TEST

/* ---- Which build, which file ----------------------------------------------------------------------- */

START_TEST(rebuilt_binary_is_refused)
{
    struct fixture fixture;
    uint8_t build_id[64];
    const struct symbol_options force = {.force = true};
    fixture_open(&fixture);
    sources_write();
    fixture_run("cc -g -Wl,--build-id one.c two.c -o binary");
    struct symbol_module module = {.path = "binary", .build_id = build_id};
    module.build_id_bytes = fixture_build_id("binary", build_id, sizeof(build_id));
    ck_assert_uint_gt(module.build_id_bytes, 4);
    const struct symbol_query query = {.address = fixture_address("binary", "main")};
    fixture_resolve(&fixture, &module, 1, &query, 1, NULL);
    ck_assert_uint_eq(fixture.nr_notices, 0);
    ck_assert_str_eq(fixture.answers[0].name, "main");

    for (unsigned change = 0; change < 2; change++) {
        if (change == 0)
            fixture_run("cc -g -O1 -Wl,--build-id one.c two.c -o binary");
        else
            fixture_run("cc -g -Wl,--build-id=none one.c two.c -o binary");
        fixture_resolve(&fixture, &module, 1, &query, 1, NULL);
        ck_assert_uint_eq(fixture.nr_notices, 1);
        ck_assert_str_eq(fixture.notices[0],
                         "binary was rebuilt since the run (build-id differs): its functions are shown as addresses; "
                         "--force-symbols uses it anyway");
        ck_assert_ptr_null(fixture.answers[0].name);
        fixture_resolve(&fixture, &module, 1, &query, 1, &force);
        ck_assert_uint_eq(fixture.nr_notices, 0);
    }
    ck_assert_ptr_nonnull(fixture.answers[0].name);
    fixture_close(&fixture);
}

END_TEST

/* A link to a debug file is a name, and no way to make us open what lies elsewhere. */
START_TEST(debuglink_is_no_path)
{
    struct fixture fixture;
    fixture_open(&fixture);
    sources_write();
    fixture_run(
        "cc -g -Wl,--build-id=none one.c two.c -o binary && mkdir d && objcopy --only-keep-debug binary d/b.dbg && "
        "cp d/b.dbg a.b.dbg && strip binary && objcopy --add-gnu-debuglink=a.b.dbg binary && rm a.b.dbg && "
        "objcopy --dump-section .gnu_debuglink=link binary copy");
    const struct symbol_module module = {.path = "binary"};
    const struct symbol_query query = {.address = fixture_address("d/b.dbg", "main")};
    for (int i = 0; i < 2; i++) { /* as it is, found in d/ once it is called so; then with a path */
        if (i == 0)
            fixture_run("mkdir -p .debug && cp d/b.dbg .debug/a.b.dbg");
        else
            fixture_run("rm .debug/a.b.dbg && mkdir a && cp d/b.dbg a/b.dbg && sed -i s:a.b.dbg:a/b.dbg: link && "
                        "objcopy --update-section .gnu_debuglink=link binary");
        fixture_resolve(&fixture, &module, 1, &query, 1, NULL);
        ck_assert_int_eq(fixture.answers[0].name != NULL, i == 0);
    }
    fixture_close(&fixture);
}

END_TEST

static const struct {
    const char *path, *notice; /* NULL: none */
} odd_files[] = {
    {"missing", "missing is gone: its functions are shown as addresses"},
    {"missing (deleted)", "missing (deleted) is gone: its functions are shown as addresses"},
    {"text/under", "text/under is gone: its functions are shown as addresses"},
    {"folder", "folder is not a regular file: its functions are shown as addresses"},
    {"fifo", "fifo is not a regular file: its functions are shown as addresses"},
    {"/dev/zero", "/dev/zero is not a regular file: its functions are shown as addresses"},
    {"loop", "loop cannot be read: Too many levels of symbolic links"},
    {"text", "text is not a readable ELF file: its functions are shown as addresses"},
    {"empty", "empty is not a readable ELF file: its functions are shown as addresses"},
    {"archive", "archive is not a readable ELF file: its functions are shown as addresses"},
    {"", NULL},
    {"[vdso]", NULL},
    {"linux-vdso.so.1", NULL},
};

START_TEST(odd_file_gives_a_notice)
{
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_run("mkdir folder; mkfifo fifo; echo text >text; : >empty; ln -s loop loop; ar rc archive text");
    struct symbol symbol = fixture_resolve_one(&fixture, odd_files[_i].path, 0x1000);
    ck_assert(!symbol.name && !symbol.linkage && !symbol.file && symbol.line == 0);
    ck_assert_uint_eq(fixture.nr_notices, odd_files[_i].notice ? 1 : 0);
    if (odd_files[_i].notice)
        ck_assert_str_eq(fixture.notices[0], odd_files[_i].notice);
    fixture_close(&fixture);
}

END_TEST

/* Queries in any order, of modules in any order, of modules that do not exist; notices in the modules' order. */
START_TEST(many_modules)
{
    struct fixture fixture;
    fixture_open(&fixture);
    sources_write();
    fixture_run("cc -g one.c two.c -o binary && ln -s binary link");
    uint64_t first = fixture_address("binary", "first"), second = fixture_address("binary", "second");
    const struct symbol_module modules[] = {{.path = "gone 1"}, {.path = "binary"}, {.path = "unasked"},
                                            {.path = "gone 2"}, {.path = "[vdso]"}, {.path = "link"}};
    const struct symbol_query queries[] = {{5, first}, {3, 1}, {1, second}, {99, first}, {0, 1},
                                           {1, first}, {4, 1}, {5, second}, {1, first},  {3, 2}};
    const char *const names[] = {"first", NULL, "second", NULL, NULL, "first", NULL, "second", "first", NULL};
    fixture_resolve(&fixture, modules, 6, queries, 10, NULL);
    for (unsigned i = 0; i < 10; i++)
        if (names[i])
            ck_assert_str_eq(fixture.answers[i].name, names[i]);
        else
            ck_assert_ptr_null(fixture.answers[i].name);
    ck_assert_uint_eq(fixture.nr_notices, 2);
    ck_assert_ptr_nonnull(strstr(fixture.notices[0], "gone 1"));
    ck_assert_ptr_nonnull(strstr(fixture.notices[1], "gone 2"));
    fixture_resolve(&fixture, NULL, 0, NULL, 0, NULL);
    ck_assert_uint_eq(fixture.nr_notices, 0);
    fixture_close(&fixture);
}

END_TEST

/* ---- Lines' paths ---------------------------------------------------------------------------------- */

static const struct {
    const char *directory, *file, *path;
} paths[] = {
    {"/a/b", "c.c", "/a/b/c.c"},
    {"/a/b", "/x/c.c", "/x/c.c"},
    {"/a/b", "../c.c", "/a/c.c"},
    {"/a", "../../c.c", "/c.c"},
    {"/a/b", "./d//e/../c.c", "/a/b/d/c.c"},
    {NULL, "c.c", "c.c"},
    {NULL, "../c.c", "../c.c"},
    {".", "a/../c.c", "c.c"},
    {"a", "../../c.c", "../c.c"},
    {"a", "../../../c.c", "../../c.c"},
    {NULL, "...", "..."},
    {"/", "c.c", "/c.c"},
    {"/0123456789012345678901234567890", "c.c", ""},
};

START_TEST(path_is_cleaned)
{
    char text[32] = "";
    size_t bytes = lines_path(paths[_i].directory, paths[_i].file, text, sizeof(text));
    ck_assert_uint_eq(bytes, strlen(paths[_i].path));
    if (bytes > 0)
        ck_assert_str_eq(text, paths[_i].path);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("symbols");
    TCase *tcase = tcase_create("binaries");
    tcase_set_timeout(tcase, 100);
    tcase_add_loop_test(tcase, binary_is_read, 0, (int)(sizeof(variants) / sizeof(variants[0])));
    tcase_add_test(tcase, oracle_agrees);
    tcase_add_test(tcase, rebuilt_binary_is_refused);
    tcase_add_test(tcase, debuglink_is_no_path);
    tcase_add_loop_test(tcase, odd_file_gives_a_notice, 0, (int)(sizeof(odd_files) / sizeof(odd_files[0])));
    tcase_add_test(tcase, many_modules);
    tcase_add_loop_test(tcase, path_is_cleaned, 0, (int)(sizeof(paths) / sizeof(paths[0])));
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
