#include "base/number.h"

#include <stdio.h>

char *number_grouped(char text[NUMBER_BYTES], uint64_t number)
{
    char digits[NUMBER_BYTES];
    int nr = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    char *p = text;
    for (int i = 0; i < nr; i++) {
        if (i > 0 && (nr - i) % 3 == 0)
            *p++ = ',';
        *p++ = digits[i];
    }
    *p = '\0';
    return text;
}

/* Three significant digits in the largest unit that leaves something before the point; the last unit may grow. */
static char *number_scaled(char text[NUMBER_BYTES], uint64_t number, const char *const *units, unsigned nr_units)
{
    if (number < 1000) {
        snprintf(text, NUMBER_BYTES, "%u %s", (unsigned)number, units[0]);
        return text;
    }
    unsigned unit = 1;
    double value = (double)number / 1000;
    while (value >= 999.5 && unit + 1 < nr_units) {
        value /= 1000;
        unit++;
    }
    if (value < 999.5) {
        int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
        snprintf(text, NUMBER_BYTES, "%.*f %s", decimals, value, units[unit]);
        return text;
    }
    char whole[NUMBER_BYTES];
    snprintf(text, NUMBER_BYTES, "%.25s %s", number_grouped(whole, (uint64_t)(value + 0.5)), units[unit]);
    return text;
}

char *number_time(char text[NUMBER_BYTES], uint64_t time_ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    return number_scaled(text, time_ns, units, 4);
}

char *number_time_in(char text[NUMBER_BYTES], uint64_t time_ns, enum number_unit unit)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {[NUMBER_NS] = {1, "ns"},
                 [NUMBER_US] = {1000, "us"},
                 [NUMBER_MS] = {1000 * 1000, "ms"},
                 [NUMBER_S] = {1000 * 1000 * 1000, "s"}};

    char whole[NUMBER_BYTES];
    if (unit == NUMBER_AUTO)
        return number_time(text, time_ns);
    uint64_t least = units[unit].ns / 1000; /* what the last digit counts; 0: there is nothing behind the point */
    if (least == 0) {
        snprintf(text, NUMBER_BYTES, "%.26s ns", number_grouped(whole, time_ns));
        return text;
    }
    uint64_t count = time_ns / least + (time_ns % least >= (least + 1) / 2);
    if (count == 0 && time_ns > 0)
        snprintf(text, NUMBER_BYTES, "<0.001 %s", units[unit].name);
    else
        snprintf(text, NUMBER_BYTES, "%.24s.%03u %s", number_grouped(whole, count / 1000), (unsigned)(count % 1000),
                 units[unit].name);
    return text;
}

char *number_bytes(char text[NUMBER_BYTES], uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    return number_scaled(text, bytes, units, 5);
}

char *number_percent(char text[NUMBER_BYTES], uint64_t part, uint64_t whole)
{
    snprintf(text, NUMBER_BYTES, "%.1f", whole > 0 ? 100.0 * (double)part / (double)whole : 0.0);
    return text;
}
