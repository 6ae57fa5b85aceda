/* wasi-libc has no <pwd.h>: see wasi_has_not.h. */
