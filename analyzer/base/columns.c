#include "base/columns.h"

static void group_write(struct columns *columns, unsigned nr_bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[4];
    for (unsigned i = 0; i < 4; i++)
        text[i] = i <= nr_bytes ? digits[columns->bits >> (18 - 6 * i) & 63] : '=';
    out_bytes(columns->out, text, sizeof(text));
    columns->bits = 0;
    columns->nr_waiting = 0;
}

static void byte_add(struct columns *columns, uint8_t byte)
{
    columns->bits |= (uint32_t)byte << (16 - 8 * columns->nr_waiting);
    if (++columns->nr_waiting == 3)
        group_write(columns, 3);
}

void columns_add(struct columns *columns, uint64_t number)
{
    if (!columns->begun)
        out_char(columns->out, '"');
    columns->begun = true;
    for (; number >= 128; number >>= 7)
        byte_add(columns, (uint8_t)(number | 128));
    byte_add(columns, (uint8_t)number);
}

void columns_end(struct columns *columns)
{
    if (!columns->begun)
        out_char(columns->out, '"');
    if (columns->nr_waiting > 0)
        group_write(columns, columns->nr_waiting);
    out_char(columns->out, '"');
}
