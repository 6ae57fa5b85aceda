// The same program as cpp-emscripten-standalone-hello.
#include <iostream>

int main()
{
    std::cout << "Hello, world!" << std::endl;
}
