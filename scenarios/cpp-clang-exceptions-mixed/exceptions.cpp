// Throws and catches: across a function, by a base class, with a destructor on the way, and an int of its own.
#include <cstdio>
#include <stdexcept>
#include <string>

struct Guard {
    ~Guard() { std::puts("unwound"); }
};

[[gnu::noinline]] static int parse(const std::string &text)
{
    Guard guard;
    if (text.empty())
        throw std::invalid_argument("nothing to parse");
    if (text[0] < '0' || text[0] > '9')
        throw 42;
    return text[0] - '0';
}

int main(int argc, char **)
{
    // Decided at run time, so that nothing is thrown by the optimizer.
    const std::string texts[] = {std::string(argc > 0 ? "7" : ""), std::string(argc > 9 ? "x" : ""),
                                 std::string(argc > 9 ? "" : "x")};
    for (const std::string &text : texts) {
        try {
            std::printf("parsed %d\n", parse(text));
        } catch (const std::exception &error) {
            std::printf("caught: %s\n", error.what());
        } catch (int number) {
            std::printf("caught: %d\n", number);
        }
    }
}
