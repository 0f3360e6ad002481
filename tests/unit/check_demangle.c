/* demangle.c: C++ and Rust names, and names made to hurt. */
#include "random.h"
#include "symbols/demangle.h"
#include "suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *linkage;
    const char *name; /* NULL: not demangled */
} cases[] = {
    {"_Z3foov", "foo()"},
    {"_ZN5shape4areaEdRKSs", "shape::area(double, std::string const&)"},
    {"_ZNK3MapIiSt6vectorIcSaIcEEE4findERKi",
     "Map<int, std::vector<char, std::allocator<char> > >::find(int const&) const"},
    {"_ZN1AC1Ev", "A::A()"},
    {"_ZN1AD0Ev", "A::~A()"},
    {"_ZN1AplERKS_", "A::operator+(A const&)"},
    {"_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()() const"},
    {"_ZL5localv", "local()"},
    {"_Z3foov.cold", "foo() [clone .cold]"},
    {"_Z3fooi.part.0", "foo(int) [clone .part.0]"},
    {"_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad"},
    {"_RNvC6_123foo3bar", "123foo::bar"},
    {"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
    {"main", NULL},
    {"", NULL},
    {"_", NULL},
    {"_Z", NULL},
    {"_R", NULL},
    {"_Z3fo", NULL},
    {"_ZN", NULL},
    {"_Z\xff\xfe\x01", NULL},
    {"Z3foov", NULL},
};

START_TEST(known_names)
{
    char text[4096];
    bool done = demangle_name(cases[_i].linkage, SYMBOL_NAMES_FULL, text, sizeof(text));
    ck_assert_msg(done == (cases[_i].name != NULL), "%s", cases[_i].linkage);
    ck_assert_str_eq(text, done ? cases[_i].name : "");
}

END_TEST

static const char *const brief[][2] = {
    {"_ZN5shape4areaEdRKSs", "shape::area"},
    {"_ZNK3MapIiSt6vectorIcSaIcEEE4findERKi", "Map<int, std::vector<char, std::allocator<char> > >::find"},
    {"_ZN1AplERKS_", "A::operator+"},
    {"_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()"},
    {"_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"},
};

START_TEST(short_names)
{
    char text[4096];
    ck_assert(demangle_name(brief[_i][0], SYMBOL_NAMES_SHORT, text, sizeof(text)));
    ck_assert_str_eq(text, brief[_i][1]);
}

END_TEST

/* Each level of the name refers twice to the one before it. */
START_TEST(name_that_unfolds_without_end)
{
    static char text[65536];
    char linkage[4096] = "_Z1fSt4pairIiiE";
    size_t length = strlen(linkage);
    for (unsigned level = 0; level < 30; level++) {
        char digit = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[level];
        length += (size_t)snprintf(linkage + length, sizeof(linkage) - length, "S_IS%c_S%c_E", digit, digit);
        if (level == 3)
            ck_assert(demangle_name(linkage, SYMBOL_NAMES_FULL, text, sizeof(text)));
    }
    ck_assert(!demangle_name(linkage, SYMBOL_NAMES_FULL, text, sizeof(text)));
    ck_assert_str_eq(text, "");
}

END_TEST

START_TEST(name_that_nests_without_end)
{
    static char linkage[DEMANGLE_INPUT_MAX + 2];
    static char text[65536];
    memset(linkage, 'P', sizeof(linkage) - 1);
    memcpy(linkage, "_Z1f", 4);
    linkage[DEMANGLE_INPUT_MAX - 1] = 'i';
    linkage[DEMANGLE_INPUT_MAX] = '\0';
    (void)demangle_name(linkage, SYMBOL_NAMES_FULL, text, sizeof(text)); /* must return */
    linkage[DEMANGLE_INPUT_MAX - 1] = 'P';
    linkage[DEMANGLE_INPUT_MAX] = 'i';
    ck_assert(!demangle_name(linkage, SYMBOL_NAMES_FULL, text, sizeof(text)));
    memset(linkage + 2, 'N', DEMANGLE_INPUT_MAX - 2);
    (void)demangle_name(linkage, SYMBOL_NAMES_FULL, text, sizeof(text));
}

END_TEST

START_TEST(room_is_kept)
{
    char text[16];
    for (size_t room = 0; room <= 8; room++) {
        memset(text, 'x', sizeof(text));
        ck_assert(demangle_name("_Z3foov", SYMBOL_NAMES_FULL, text, room) == (room >= 6));
        for (size_t i = room; i < sizeof(text); i++)
            ck_assert_int_eq(text[i], 'x');
    }
}

END_TEST

/* Bytes of real names in random order: only the return matters. */
START_TEST(random_names)
{
    static const char alphabet[] = "_ZNRKSt1234567890EIiLvPFCDTsp.$hu\x80";
    static char text[65536];
    uint64_t state = 88172645463325252u;
    for (unsigned round = 0; round < 20000; round++) {
        char linkage[64] = "_Z";
        for (size_t i = 2; i + 1 < sizeof(linkage); i++) {
            linkage[i] = alphabet[random_next(&state) % (sizeof(alphabet) - 1)];
        }
        linkage[1] = round % 2 ? 'Z' : 'R';
        linkage[sizeof(linkage) - 1] = '\0';
        if (!demangle_name(linkage, SYMBOL_NAMES_FULL, text, sizeof(text)))
            ck_assert_str_eq(text, "");
    }
}

END_TEST

int main(void)
{
    Suite *suite = suite_create("demangle");
    TCase *tcase = tcase_create("names");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, known_names, 0, (int)(sizeof(cases) / sizeof(cases[0])));
    tcase_add_loop_test(tcase, short_names, 0, (int)(sizeof(brief) / sizeof(brief[0])));
    tcase_add_test(tcase, name_that_unfolds_without_end);
    tcase_add_test(tcase, name_that_nests_without_end);
    tcase_add_test(tcase, room_is_kept);
    tcase_add_test(tcase, random_names);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
