/*
 * What a standalone module of Emscripten 3.1.6 does not get, although its libc has the function's name.
 * Nothing of nginx is changed: each of these takes the place of a function of libc's.
 */

#include <emscripten.h>

#define SYSCALL(name) __attribute__((import_module("env"), import_name("__syscall_" #name)))

static int answer(long result)
{
    if (result >= 0) {
        return result;
    }
    errno = -result;
    return -1;
}

/*
 * Linked with -sSTANDALONE_WASM, libc answers these itself: open() knows three names (/dev/stdin and its kin)
 * and says EPERM to all others, fcntl() and ioctl() say ENOSYS. With the glue of JavaScript they would be calls
 * of the host's, as they are here: the host gets the address of what follows the named arguments.
 */
SYSCALL(open) long host_open(const char *path, int flags, ...);
SYSCALL(fcntl64) long host_fcntl(int fd, int command, ...);
SYSCALL(ioctl) long host_ioctl(int fd, int request, ...);

/* The further argument, where there is one: all that nginx passes have the size of a pointer. */
#define FURTHER(type, last, name) va_list list; va_start(list, last); type name = va_arg(list, type); va_end(list)

int open(const char *path, int flags, ...)
{
    FURTHER(int, flags, mode);
    return answer(host_open(path, flags, mode));
}

int fcntl(int fd, int command, ...)
{
    FURTHER(void *, command, argument);
    return answer(host_fcntl(fd, command, argument));
}

int ioctl(int fd, int request, ...)
{
    FURTHER(void *, request, argument);
    return answer(host_ioctl(fd, request, argument));
}

/*
 * These have a stub with and without glue: ENOPROTOOPT and ENOSYS, since a browser's WebSocket has neither.
 * Without SO_REUSEADDR a server cannot start again for a minute; nginx does not start at all.
 */
SYSCALL(setsockopt) long host_setsockopt(int fd, int level, int name, const void *value, socklen_t length, int unused);
SYSCALL(shutdown) long host_shutdown(int fd, int how, int a, int b, int c, int unused);

int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
    return answer(host_setsockopt(fd, level, name, value, length, 0));
}

int shutdown(int fd, int how)
{
    return answer(host_shutdown(fd, how, 0, 0, 0, 0));
}

/*
 * libc says that nothing is limited: RLIM_INFINITY. nginx with poll() takes a pointer for each descriptor that may
 * ever be, and asks malloc for 4294967292 bytes. 1024 is what Linux says by default.
 */
int getrlimit(int resource, struct rlimit *limit)
{
    limit->rlim_cur = limit->rlim_max = resource == RLIMIT_NOFILE ? 1024 : RLIM_INFINITY;
    return 0;
}

/*
 * libc's sigaction keeps handlers within the module, where no signal from outside finds them. In 2018 it asked
 * the host; so does this one (see host.js), and the two exports are how a host calls a handler.
 */
__attribute__((import_module("env"), import_name("sigaction")))
int host_sigaction(int signal, const struct sigaction *action, struct sigaction *old);

int sigaction(int signal, const struct sigaction *restrict action, struct sigaction *restrict old)
{
    return host_sigaction(signal, action, old);
}

void EMSCRIPTEN_KEEPALIVE dynCall_vi(void (*handler)(int), int signal)
{
    handler(signal);
}

void EMSCRIPTEN_KEEPALIVE dynCall_viii(void (*handler)(int, siginfo_t *, void *), int signal, siginfo_t *info, void *context)
{
    handler(signal, info, context);
}

/*
 * libc declares these two and has neither. Only a master process waits for signals, and only a worker that drops
 * root's rights takes groups: there is one process here, and it has no rights to drop.
 */
int sigsuspend(const sigset_t *mask)
{
    errno = ENOSYS;
    return -1;
}

int initgroups(const char *user, gid_t group)
{
    errno = ENOSYS;
    return -1;
}
