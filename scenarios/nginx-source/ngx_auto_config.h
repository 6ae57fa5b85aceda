/*
 * What nginx's ./configure would write, for Emscripten 3.1.6.
 * It asks by compiling small programs and running them, which no cross compilation can; these are its answers.
 * What is not here is not there: no epoll, no sendfile, no shared memory of System V, no threads.
 */

/* The compiler. */
#define NGX_CONFIGURE ""
#define NGX_COMPILER "emcc"
#define NGX_HAVE_GCC_ATOMIC 1
#define NGX_HAVE_C99_VARIADIC_MACROS 1
#define NGX_HAVE_GCC_BSWAP64 1

/* Sizes: wasm32 has 32-bit pointers and 64-bit offsets of files and 32-bit times. */
#define NGX_HAVE_LITTLE_ENDIAN 1
#define NGX_HAVE_NONALIGNED 1
#define NGX_CPU_CACHE_LINE 64
#define NGX_PTR_SIZE 4
#define NGX_SIG_ATOMIC_T_SIZE 4
#define NGX_MAX_SIZE_T_VALUE 2147483647
#define NGX_SIZE_T_LEN (sizeof("-2147483648") - 1)
#define NGX_MAX_OFF_T_VALUE 9223372036854775807LL
#define NGX_OFF_T_LEN (sizeof("-9223372036854775808") - 1)
#define NGX_TIME_T_SIZE 4
#define NGX_TIME_T_LEN (sizeof("-2147483648") - 1)
#define NGX_MAX_TIME_T_VALUE 2147483647

/* What libc has. */
#define NGX_HAVE_SCHED_YIELD 1
#define NGX_HAVE_PREAD 1
#define NGX_HAVE_PWRITE 1
#define NGX_HAVE_PWRITEV 1
#define NGX_HAVE_LOCALTIME_R 1
#define NGX_HAVE_CLOCK_MONOTONIC 1
#define NGX_HAVE_POSIX_MEMALIGN 1
#define NGX_HAVE_MAP_ANON 1
#define NGX_HAVE_MSGHDR_MSG_CONTROL 1
#define NGX_HAVE_FIONBIO 1
#define NGX_HAVE_FIONREAD 1
#define NGX_HAVE_GMTOFF 1
#define NGX_HAVE_D_TYPE 1
#define NGX_HAVE_POLL 1
#define NGX_HAVE_GETADDRINFO 1
#define NGX_HAVE_INET6 1

/* Where nginx looks when nothing tells it otherwise. */
#define NGX_PREFIX "/"
#define NGX_CONF_PREFIX "conf/"
#define NGX_SBIN_PATH "nginx"
#define NGX_CONF_PATH "conf/nginx.conf"
#define NGX_PID_PATH "logs/nginx.pid"
#define NGX_LOCK_PATH "logs/nginx.lock"
#define NGX_ERROR_LOG_PATH "logs/error.log"
#define NGX_HTTP_LOG_PATH "logs/access.log"
#define NGX_HTTP_CLIENT_TEMP_PATH "client_body_temp"
#define NGX_HTTP_PROXY_TEMP_PATH "proxy_temp"
#define NGX_HTTP_FASTCGI_TEMP_PATH "fastcgi_temp"
#define NGX_HTTP_UWSGI_TEMP_PATH "uwsgi_temp"
#define NGX_HTTP_SCGI_TEMP_PATH "scgi_temp"
#define NGX_USER "nobody"
#define NGX_GROUP "nogroup"
