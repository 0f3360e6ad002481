/* symtab.c through symbols_resolve(): which of several symbols, odd names, damaged files, many functions. */
#include "random.h"
#include "symbols_fixture.h"
#include "suite.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECONDS_MAX 10.0
#else
#define SECONDS_MAX 1.0
#endif

#define FUNCTION(binding, name) \
    "." binding " " name "\n"   \
    ".type " name ",@function\n"

/* Every case is an offset into this code and the name it must have. */
static const char assembly[] = ".text\n"
                               ".globl base\nbase: .skip 16\n"
    /* 16: aliases of all bindings */
    FUNCTION("local", "a_local") FUNCTION("weak", "b_weak")
        FUNCTION("globl", "c_global") "a_local: b_weak: c_global: .skip 16\n"
                                      ".size a_local, 16\n.size b_weak, 16\n.size c_global, 16\n"
    /* 32: underscores, then length, then the alphabet */
    FUNCTION("globl", "__a") FUNCTION("globl", "_ab") FUNCTION("globl", "zyx") FUNCTION("globl", "zyw")
        FUNCTION("globl", "zyxv") "__a: _ab: zyx: zyw: zyxv: .skip 16\n"
                                  ".size __a, 16\n.size _ab, 16\n.size zyx, 16\n.size zyw, 16\n.size zyxv, 16\n"
    /* 48: a function with a label inside, and a hole after it */
    FUNCTION("globl", "holed") "holed: .skip 8\ninner: .skip 8\n.size holed, 16\n .skip 16\n"
    /* 80: without a size */
    FUNCTION("globl", "unsized") "unsized: .skip 16\n"
    /* 96: a small function within a large one */
    FUNCTION("globl", "large")
        FUNCTION("globl", "small") "large: .skip 16\nsmall: .skip 16\n.skip 16\n.size large, 48\n.size small, 16\n"
                                   /* 144: a label alone */
                                   "label: .skip 16\n"
    /* 160: with a version */
    FUNCTION("globl", "versioned") "versioned: .skip 16\n.size versioned, 16\n.symver versioned, renamed@V_1\n"
                                   ".data\n.globl variable\n.type variable,@object\nvariable: .skip 8\n";

static const struct {
    uint64_t offset;
    const char *name;
} places[] = {
    {0, "base"},      {15, "base"},
    {16, "c_global"}, {31, "c_global"},
    {32, "zyw"},      {48, "holed"},
    {56, "holed"},    {63, "holed"},
    {64, NULL},       {79, NULL},
    {80, "unsized"},  {95, "unsized"},
    {96, "large"},    {112, "small"},
    {127, "small"},   {128, "large"},
    {143, "large"},   {144, "label"},
    {159, "label"},   {176, NULL},
    {1u << 30, NULL}, {UINT64_MAX - 4096, NULL},
};

START_TEST(right_symbol_is_chosen)
{
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write("code.s", assembly);
    fixture_write("map", "V_1 { global: *; };\n");
    fixture_run("cc -shared -nostdlib code.s -Wl,--version-script=map -o code.so");
    uint64_t base = fixture_address("code.so", "base");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *name = fixture_resolve_one(&fixture, "code.so", base + places[i].offset).name;
        ck_assert_msg(places[i].name ? name && strcmp(name, places[i].name) == 0 : !name, "%lu: %s",
                      (unsigned long)places[i].offset, name ? name : "nothing");
    }
    struct symbol symbol = fixture_resolve_one(&fixture, "code.so", base + 160);
    ck_assert(symbol.name && !strchr(symbol.name, '@'));
    symbol = fixture_resolve_one(&fixture, "code.so", fixture_address("code.so", "variable"));
    ck_assert_ptr_null(symbol.name);
    fixture_close(&fixture);
}

END_TEST

/* In a program that is not PIE a library's function can have the address of the program's PLT slot. */
START_TEST(address_in_the_plt)
{
    struct fixture fixture;
    unsigned long long address;
    fixture_open(&fixture);
    fixture_write("library.c", "int imported(void) { return 1; }\n");
    fixture_write("main.c", "#include <stdio.h>\nint imported(void);\n"
                            "int main(void) { printf(\"%p\\n\", (void *)imported); return 0; }\n");
    fixture_run("cc -shared -fPIC library.c -o liblibrary.so");
    fixture_run("cc -no-pie -fno-pie main.c -L. -llibrary -Wl,-rpath,. -o main && ./main >address");
    FILE *file = fopen("address", "r");
    ck_assert_int_eq(fscanf(file, "%llx", &address), 1);
    ck_assert_int_eq(fclose(file), 0);
    if (address < 0x10000000) /* else this system has no such slots */
        ck_assert_str_eq(fixture_resolve_one(&fixture, "main", address).name, "imported");
    fixture_close(&fixture);
}

END_TEST

START_TEST(names_are_demangled)
{
    struct fixture fixture;
    const struct symbol_options mangled = {.names = SYMBOL_NAMES_MANGLED}, brief = {.names = SYMBOL_NAMES_SHORT};
    fixture_open(&fixture);
    fixture_write("code.cpp", "namespace n { template <class T> struct S { int get(T) const; };\n"
                              "template <class T> int S<T>::get(T) const { return 1; }\n"
                              "template struct S<int>; static int hidden(char) { return 2; } }\n"
                              "int call() { return n::hidden(1); }\n");
    if (fixture_has_tool("c++")) {
        fixture_run("c++ -g -shared -fPIC code.cpp -o code.so");
        const struct symbol_module module = {.path = "code.so"};
        const struct symbol_query queries[] = {{.address = fixture_address("code.so", "_ZNK1n1SIiE3getEi")},
                                               {.address = fixture_address("code.so", "_ZN1nL6hiddenEc")}};
        fixture_resolve(&fixture, &module, 1, queries, 2, NULL);
        ck_assert_str_eq(fixture.answers[0].name, "n::S<int>::get(int) const");
        ck_assert_str_eq(fixture.answers[0].linkage, "_ZNK1n1SIiE3getEi");
        ck_assert_uint_eq(fixture.answers[0].line, 2);
        ck_assert_str_eq(fixture.answers[1].name, "n::hidden(char)");
        ck_assert_uint_eq(fixture.answers[1].line, 3);
        fixture_resolve(&fixture, &module, 1, queries, 2, &mangled);
        ck_assert_str_eq(fixture.answers[0].name, "_ZNK1n1SIiE3getEi");
        fixture_resolve(&fixture, &module, 1, queries, 2, &brief);
        ck_assert_str_eq(fixture.answers[0].name, "n::S<int>::get");
        ck_assert_str_eq(fixture.answers[1].name, "n::hidden");
    }
    fixture_close(&fixture);
}

END_TEST

/* What an IFUNC chooses has a name of its own; its address is that of the function that chooses. */
START_TEST(ifunc_is_told_from_its_resolver)
{
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write("code.c", "static int fast(void) { return 1; }\n"
                            "static int (*choose(void))(void) { return fast; }\n"
                            "int work(void) __attribute__((ifunc(\"choose\")));\n");
    fixture_run("cc -g -shared -fPIC code.c -o code.so");
    ck_assert_str_eq(fixture_resolve_one(&fixture, "code.so", fixture_address("code.so", "fast")).name, "fast");
    ck_assert_str_eq(fixture_resolve_one(&fixture, "code.so", fixture_address("code.so", "work")).name, "choose");
    fixture_close(&fixture);
}

END_TEST

/* A real compiler's names, with whatever scheme it has. */
START_TEST(rust_names_are_demangled)
{
    struct fixture fixture;
    unsigned long long address = 0;
    const char *const schemes[] = {"legacy", "v0"};
    if (!fixture_has_tool("rustc") || system("rustc --version >/dev/null 2>&1") != 0)
        return;
    fixture_open(&fixture);
    fixture_write("code.rs",
                  "mod inner { #[inline(never)] pub fn twice(x: i32) -> i32 { std::hint::black_box(x) * 2 } }\n"
                  "#[no_mangle] pub extern \"C\" fn entry(x: i32) -> i32 { inner::twice(x) }\n");
    fixture_run(
        "rustc --edition 2021 -g -C panic=abort -C symbol-mangling-version=%s --crate-type cdylib code.rs -o code.so "
        "2>errors || rustc --edition 2021 -g -C panic=abort --crate-type cdylib code.rs -o code.so",
        schemes[_i]);
    FILE *pipe = popen("nm code.so | grep -E '5inner5twice' | cut -d' ' -f1", "r");
    ck_assert_int_eq(fscanf(pipe, "%llx", &address), 1);
    ck_assert_int_eq(pclose(pipe), 0);
    struct symbol symbol = fixture_resolve_one(&fixture, "code.so", address);
    ck_assert_str_eq(symbol.name, "code::inner::twice");
    ck_assert_uint_eq(symbol.line, 1);
    fixture_close(&fixture);
}

END_TEST

/* Names are bytes: they arrive as they are, but no longer than 64 KiB. */
START_TEST(hostile_names_survive)
{
    static char text[80000 + 64];
    const char *const odd[] = {"\033[31mred", "tab\there", "<b>&amp;\"'", "\xff\xfe", "../../etc", "%s%n", "a;b", " "};
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_write("code.c", "int plain(void) { return 1; }\n");
    fixture_run("cc -shared -fPIC code.c -o code.so");
    uint64_t address = fixture_address("code.so", "plain");
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        char quoted[128] = "";
        for (size_t j = 0, at = 0; odd[i][j] != '\0'; j++)
            at += (size_t)snprintf(quoted + at, sizeof(quoted) - at, "\\%03o", (unsigned char)odd[i][j]);
        fixture_run("objcopy --strip-debug --redefine-sym plain=\"$(printf '%sx')\" code.so odd.so", quoted);
        struct symbol symbol = fixture_resolve_one(&fixture, "odd.so", address);
        ck_assert_uint_eq(strlen(symbol.name), strlen(odd[i]) + 1);
        ck_assert_int_eq(strncmp(symbol.name, odd[i], strlen(odd[i])), 0);
    }
    (void)snprintf(text, sizeof(text), "plain %080000d\n", 0);
    fixture_write("names", text);
    fixture_run("objcopy --redefine-syms names code.so odd.so");
    struct symbol symbol = fixture_resolve_one(&fixture, "odd.so", address);
    ck_assert_uint_eq(strlen(symbol.name), 65536);
    fixture_close(&fixture);
}

END_TEST

/* ---- Damaged files --------------------------------------------------------------------------------- */

struct image {
    size_t bytes;
    uint8_t data[65536];
};

static void image_load(struct image *image, const char *path)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    image->bytes = fread(image->data, 1, sizeof(image->data), file);
    ck_assert(image->bytes > 0 && feof(file));
    ck_assert_int_eq(fclose(file), 0);
}

static void image_save(const struct image *image, const char *path)
{
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(image->data, 1, image->bytes, file), image->bytes);
    ck_assert_int_eq(fclose(file), 0);
}

/* Half of the damage goes to the headers and tables, where it hurts most; some files are cut. */
static void image_damage(struct image *image, uint64_t *state)
{
    for (unsigned nr_changes = 1 + random_next(state) % 16; nr_changes > 0; nr_changes--) {
        size_t near = random_next(state) % 2 ? 64 : image->bytes;
        size_t place = random_next(state) % near;
        if (random_next(state) % 4 == 0)
            place = image->bytes - 1 - random_next(state) % (image->bytes < 2048 ? image->bytes : 2048);
        image->data[place] = (uint8_t)random_next(state);
    }
    if (random_next(state) % 8 == 0)
        image->bytes = 1 + random_next(state) % image->bytes;
}

/* Whatever the damaged files do to their readers, the last file, which is whole, is read. */
START_TEST(damage_stays_where_it_is)
{
    enum { NR_FILES = 200 };
    static struct symbol_module modules[NR_FILES + 1];
    static struct symbol_query queries[2 * (NR_FILES + 1)];
    static char paths[NR_FILES + 1][32];
    static struct image whole, image;
    const char *const flags[] = {"-gdwarf-4", "-gdwarf-5", "-gdwarf-5 -gz"};
    struct fixture fixture;
    uint64_t state = 0x9e3779b97f4a7c15u + (uint64_t)_i;
    fixture_open(&fixture);
    fixture_write("code.c", "static int inner(int x) { return x + 1; }\nint outer(int x) { return inner(x); }\n");
    fixture_run("cc -shared -nostdlib -fPIC %s code.c -o code.so", flags[_i]);
    image_load(&whole, "code.so");
    uint64_t inner = fixture_address("code.so", "inner"), outer = fixture_address("code.so", "outer");
    for (unsigned i = 0; i <= NR_FILES; i++) {
        (void)snprintf(paths[i], sizeof(paths[i]), "damaged.%u", i);
        image = whole;
        if (i < NR_FILES)
            image_damage(&image, &state);
        image_save(&image, paths[i]);
        modules[i].path = paths[i];
        queries[2 * i] = (struct symbol_query){i, inner};
        queries[2 * i + 1] = (struct symbol_query){i, outer};
    }
    fixture_resolve(&fixture, modules, NR_FILES + 1, queries, 2 * (NR_FILES + 1), NULL);
    const struct symbol *last = &fixture.answers[2 * NR_FILES];
    ck_assert_str_eq(last[0].name, "inner");
    ck_assert_uint_eq(last[0].line, 1);
    ck_assert_str_eq(last[1].name, "outer");
    ck_assert_uint_eq(last[1].line, 2);
    ck_assert_uint_gt(fixture.nr_notices, 0);
    fixture_close(&fixture);
}

END_TEST

/* ---- Many functions -------------------------------------------------------------------------------- */

START_TEST(many_functions_are_fast)
{
    enum { NR = 100000 };
    struct fixture fixture;
    struct timespec start, end;
    char name[32];
    struct symbol_query *queries = calloc(NR, sizeof(*queries));
    ck_assert_ptr_nonnull(queries);
    fixture_open(&fixture);
    fixture_run("awk 'BEGIN { for (i = 0; i < %d; i++) printf \".type f%%d,@function\\nf%%d: .skip 16\\n"
                ".size f%%d, 16\\n\", i, i, i }' >code.s",
                NR);
    fixture_run("cc -shared -nostdlib code.s -o code.so");
    uint64_t base = fixture_address("code.so", "f0");
    for (uint64_t i = 0; i < NR; i++)
        queries[i].address = base + 16 * (i * 7919 % NR) + i % 16;
    const struct symbol_module module = {.path = "code.so"};
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    fixture_resolve(&fixture, &module, 1, queries, NR, NULL);
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    for (uint64_t i = 0; i < NR; i++) {
        (void)snprintf(name, sizeof(name), "f%u", (unsigned)(i * 7919 % NR));
        ck_assert_str_eq(fixture.answers[i].name, name);
    }
    double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    ck_assert_msg(seconds < SECONDS_MAX, "%.2f s", seconds);
    free(queries);
    fixture_close(&fixture);
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("symtab");
    TCase *tcase = tcase_create("symbols");
    tcase_set_timeout(tcase, 100);
    tcase_add_test(tcase, right_symbol_is_chosen);
    tcase_add_test(tcase, address_in_the_plt);
    tcase_add_test(tcase, names_are_demangled);
    tcase_add_test(tcase, ifunc_is_told_from_its_resolver);
    tcase_add_loop_test(tcase, rust_names_are_demangled, 0, 2);
    tcase_add_test(tcase, hostile_names_survive);
    tcase_add_loop_test(tcase, damage_stays_where_it_is, 0, 3);
    tcase_add_test(tcase, many_functions_are_fast);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
