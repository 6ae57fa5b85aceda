/* wasi-libc has no <grp.h>: see wasi_has_not.h. */
