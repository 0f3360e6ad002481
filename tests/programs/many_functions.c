/*
 * Seventy thousand functions: more than a chunk has symbols for.
 *
 * row: R17
 * expect: main 1
 * expect: field 70000
 */
void __cyg_profile_func_enter(void *function, void *site);
void __cyg_profile_func_exit(void *function, void *site);

enum { FUNCTIONS = 70000, BYTES = 16 };

__asm__(".pushsection .text\n"
        ".type field, @function\n"
        "field: .skip 1120000, 0x90\n"
        ".size field, .-field\n"
        ".popsection\n");

extern char field[];

__attribute__((noinline, no_instrument_function)) static void call(char *function)
{
    __cyg_profile_func_enter(function, __builtin_return_address(0));
    __cyg_profile_func_exit(function, __builtin_return_address(0));
}

int main(void)
{
    for (int i = 0; i < FUNCTIONS; i++)
        call(field + (long)i * BYTES);
    return 0;
}
