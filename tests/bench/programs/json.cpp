// A C++ program that is made of small templates, as many are: JSON parsed, changed, and written with a library's
// headers, each of whose functions is instrumented. The argument is how many times.
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

static std::string make_text()
{
    auto list = nlohmann::json::array();
    for (int i = 0; i < 40; i++)
        list.push_back({{"id", i}, {"name", "item " + std::to_string(i)}, {"price", i * 1.25}, {"tags", {"a", "b"}}});
    return nlohmann::json({{"items", list}, {"total", 40}}).dump(1);
}

int main(int argc, char **argv)
{
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 1;
    const std::string text = make_text();
    std::size_t sum = 0;
    for (int i = 0; i < rounds; i++) {
        auto document = nlohmann::json::parse(text);
        for (auto &item : document["items"])
            item["price"] = item["price"].get<double>() * 1.1;
        sum += document.dump().size();
    }
    std::printf("%zu\n", sum);
}
