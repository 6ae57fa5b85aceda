/*
 * Types and constants that nginx needs and wasi-libc leaves out, with Linux's values: so that nginx compiles, and
 * the linker can say which functions it then lacks. No function is defined here.
 */

#include <limits.h>

/* Users and groups: <pwd.h>, <grp.h>. */
struct passwd { char *pw_name; uid_t pw_uid; gid_t pw_gid; };
struct group { char *gr_name; gid_t gr_gid; };
struct passwd *getpwnam(const char *name);
struct group *getgrnam(const char *name);

/* Other processes: <sys/wait.h>, <sys/resource.h>. */
#define WNOHANG 1
#define PRIO_PROCESS 0
#define RLIMIT_CORE 4
#define RLIMIT_NOFILE 7
#define WTERMSIG(s) ((s) & 0x7f)
#define WEXITSTATUS(s) (((s) & 0xff00) >> 8)
#define WCOREDUMP(s) ((s) & 0x80)
typedef unsigned long long rlim_t;
struct rlimit { rlim_t rlim_cur, rlim_max; };

/* Signals and timers: <signal.h> has numbers and no handlers, <sys/time.h> no alarms. */
#define SA_SIGINFO 4
#define SIG_BLOCK 0
#define SIG_SETMASK 2
#define ITIMER_REAL 0
typedef struct { int si_signo, si_errno, si_code, si_pid; } siginfo_t;
struct sigaction { void (*sa_handler)(int); void (*sa_sigaction)(int, siginfo_t *, void *); sigset_t sa_mask; int sa_flags; };
struct itimerval { struct timeval it_interval, it_value; };

/* Sockets: <sys/socket.h> has what one can do with a connection that somebody else made. <netdb.h> is missing. */
#define SO_REUSEADDR 2
#define SO_ERROR 4
#define SO_SNDBUF 7
#define SO_RCVBUF 8
#define SO_KEEPALIVE 9
#define SO_LINGER 13
#define SO_SNDLOWAT 19
#define MSG_CTRUNC 8
#undef MSG_TRUNC /* It names a constant that does not exist. */
#define MSG_TRUNC 0x20
#define SCM_RIGHTS 1
#define EHOSTDOWN 112
struct cmsghdr { socklen_t cmsg_len; int cmsg_level, cmsg_type; };
#define CMSG_LEN(n) (sizeof(struct cmsghdr) + (n))
#define CMSG_SPACE(n) CMSG_LEN(((n) + 3) & ~3)
#define CMSG_DATA(c) ((unsigned char *) ((c) + 1))
#define AI_PASSIVE 1
#define AI_NUMERICHOST 4
struct addrinfo {
    int ai_flags, ai_family, ai_socktype, ai_protocol;
    socklen_t ai_addrlen;
    struct sockaddr *ai_addr;
    char *ai_canonname;
    struct addrinfo *ai_next;
};

/* Locks and owners of descriptors: <fcntl.h>, <sys/ioctl.h>. */
#define F_SETLK 6
#define F_SETLKW 7
#define F_SETOWN 8
#define F_WRLCK 1
#define F_UNLCK 2
#define FIOASYNC 0x5452
