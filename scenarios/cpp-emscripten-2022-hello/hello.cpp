// The same program as c-clang-hello, with the stream library that most C++ programs print with.
#include <iostream>

int main()
{
    std::cout << "Hello, world!" << std::endl;
}
