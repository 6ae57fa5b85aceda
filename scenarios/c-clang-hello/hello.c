/* The same program as rust-wasip1-hello, in C. */
#include <stdio.h>

int main(void)
{
    puts("Hello, world!");
    return 0;
}
