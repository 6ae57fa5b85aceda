/* A TCP server as C programs write it: opens a socket, serves one client, sends back what it gets.
 *
 * The argument is the port. Prints `ready` when it listens, and one line a call:
 *
 *     lab: NAME ok                    it works
 *     lab: NAME errno=N FUNCTION      refused with this error number
 *
 * The same text is built by every C compiler of the lab.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __wasi__
/* wasi-libc keeps the types and hides these functions, since it does not have them. Declared by hand, the
 * program compiles; whether it links is another matter. */
int socket(int domain, int type, int protocol);
int bind(int fd, const struct sockaddr *address, socklen_t length);
int listen(int fd, int backlog);
#endif

/* Prints what came of a call; ends the program when it failed. */
static int step(const char *name, const char *function, long result)
{
    if (result < 0) {
        printf("lab: %s errno=%d %s\n", name, errno, function);
        exit(1);
    }
    printf("lab: %s ok\n", name);
    return (int)result;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address;
    char data[512];

    if (argc != 2) {
        puts("give the port as the argument");
        return 2;
    }
    setvbuf(stdout, NULL, _IONBF, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    int server = step("socket-open", "socket", socket(AF_INET, SOCK_STREAM, 0));
    step("socket-bind", "bind", bind(server, (const struct sockaddr *)&address, sizeof address));
    step("socket-listen", "listen", listen(server, 1));
    puts("ready");

    int client = step("sock-accept", "accept", accept(server, NULL, NULL));
    int length = step("sock-recv", "recv", recv(client, data, sizeof data, 0));
    step("sock-send", "send", send(client, data, (size_t)length, 0));
    // No shutdown(): in a standalone module Emscripten's own library answers it with ENOSYS.
    close(client);
    close(server);
    return 0;
}
