/* wasi-libc has no <sys/wait.h>: see wasi_has_not.h. */
