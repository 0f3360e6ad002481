/*
 * The same for C++: a vector of unique_ptr, a map of strings. It prints "ROOT BYTES BLOCKS" as far as that does not
 * depend on the library.
 */
#include "tracert/tracert.h"

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct shape {
    virtual ~shape() = default;
    long corners[5];
};

static std::vector<std::unique_ptr<shape>> shapes;
static std::map<std::string, std::string> texts;

int main()
{
    shapes.reserve(200);
    for (int i = 0; i < 200; i++)
        shapes.push_back(std::make_unique<shape>());
    for (int i = 0; i < 50; i++)
        texts["a key that is long enough to be a block " + std::to_string(i)] = std::string(300, 'x');
    setvbuf(stdout, nullptr, _IONBF, 0);
    printf("shapes %zu 201\n", 200 * (sizeof(shape) + sizeof(void *)));
    new shape[1]; // lost, through a pointer to nothing
    return tracert_heap_snapshot("C++") ? 0 : 1;
}
