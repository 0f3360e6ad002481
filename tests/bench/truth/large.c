/* Functions of 0.1 to 1000 us, some with callees: what a tracer of calls can time. The argument: how many rounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NOINLINE __attribute__((noinline))

enum { SIZE = 64, NR = 4096 };

static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];
static uint32_t numbers[NR];
static char text[1 << 14];

static NOINLINE void multiply(void)
{
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++) {
            double sum = 0;
            for (int k = 0; k < SIZE; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum;
        }
}

static NOINLINE void row_scale(double *row, double factor)
{
    for (int i = 0; i < SIZE; i++)
        row[i] = row[i] * factor + 1e-9;
}

static NOINLINE void scale(void)
{
    for (int i = 0; i < SIZE; i++)
        row_scale(a[i], 0.5 + c[i][i] / 1e6);
}

static NOINLINE void shuffle(uint32_t seed)
{
    for (uint32_t i = NR - 1; i > 0; i--) {
        seed = seed * 1664525 + 1013904223;
        uint32_t j = (uint32_t)((uint64_t)seed * i >> 32), t = numbers[i];
        numbers[i] = numbers[j];
        numbers[j] = t;
    }
}

static NOINLINE void sort(uint32_t *x, uint32_t nr)
{
    while (nr > 256) {
        uint32_t pivot = x[nr / 2], i = 0, j = nr - 1;
        for (;; i++, j--) {
            while (x[i] < pivot)
                i++;
            while (x[j] > pivot)
                j--;
            if (i >= j)
                break;
            uint32_t t = x[i];
            x[i] = x[j];
            x[j] = t;
        }
        sort(x, i);
        x += i;
        nr -= i;
    }
    for (uint32_t i = 1; i < nr; i++) {
        uint32_t v = x[i], j = i;
        for (; j > 0 && x[j - 1] > v; j--)
            x[j] = x[j - 1];
        x[j] = v;
    }
}

static NOINLINE uint32_t words_count(void)
{
    uint32_t nr = 0;
    for (size_t i = 1; i < sizeof text; i++)
        nr += text[i] == ' ' && text[i - 1] != ' ';
    return nr;
}

static NOINLINE void text_make(uint32_t seed)
{
    for (size_t i = 0; i < sizeof text; i++) {
        seed = seed * 1664525 + 1013904223;
        text[i] = (char)(seed >> 28 == 0 ? ' ' : 'a' + (seed >> 27) % 26);
    }
}

static NOINLINE uint32_t turn(uint32_t seed)
{
    multiply();
    scale();
    shuffle(seed);
    sort(numbers, NR);
    text_make(seed);
    return words_count();
}

int main(int argc, char **argv)
{
    uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1, sum = 0;
    for (uint32_t i = 0; i < NR; i++)
        numbers[i] = i;
    for (int i = 0; i < SIZE; i++)
        for (int j = 0; j < SIZE; j++)
            a[i][j] = b[i][j] = (double)(i ^ j) / SIZE;
    for (uint32_t i = 0; i < rounds; i++)
        sum += turn(i);
    return sum == 42;
}
