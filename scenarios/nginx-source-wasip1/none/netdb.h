/* wasi-libc has no <netdb.h>: see wasi_has_not.h. */
