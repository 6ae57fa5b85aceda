//! Symbols of C and C++ libraries, which reveal that an import of `env` is an undefined symbol that a linker let
//! through.
//!
//! With `--allow-undefined` (or `--import-undefined`), a linker turns every undefined symbol into an import of `env`.
//! Such a module needs its library, not a custom host. Names that hosts use as well (`log`, `send`, `read`) count only
//! with the type that the library gives them.

use std::collections::HashSet;
use std::sync::LazyLock;

/// Whether an `env` import of this name and type is a symbol of a C or C++ library or of the compiler's runtime.
pub fn is_library_symbol(name: &str, ty: &str) -> bool {
    // A file may have a million imports.
    static ALL: LazyLock<HashSet<&str>> = LazyLock::new(|| NAMES.split_ascii_whitespace().collect());
    static OF_TYPES: LazyLock<HashSet<(&str, &str)>> = LazyLock::new(|| {
        TYPED.iter().flat_map(|(ty, names)| names.split_ascii_whitespace().map(|name| (*ty, name))).collect()
    });
    let prefixed = PREFIXES.iter().any(|p| name.starts_with(p));
    prefixed || ALL.contains(name) || OF_TYPES.contains(&(ty, name))
}

/// Whether the symbol belongs to setjmp, as emitted with `-mllvm -wasm-enable-sjlj` by any LLVM version.
pub fn is_setjmp_symbol(name: &str) -> bool {
    SETJMP.split_ascii_whitespace().any(|symbol| symbol == name)
}

const SETJMP: &str = "__wasm_setjmp __wasm_setjmp_test __wasm_longjmp __c_longjmp saveSetjmp testSetjmp setjmp longjmp \
    _setjmp _longjmp sigsetjmp siglongjmp";

/// Mangled C++ names, the C++ ABI, unwinding, POSIX threads.
const PREFIXES: &[&str] = &["_Z", "__cxa_", "__gxx_", "_Unwind_", "pthread_", "sem_", "posix_spawn", "__emutls_"];

/// Names that only libraries use.
const NAMES: &str = "__wasm_setjmp __wasm_setjmp_test __wasm_longjmp __c_longjmp saveSetjmp testSetjmp setjmp longjmp \
    _setjmp _longjmp sigsetjmp siglongjmp __cpp_exception __stack_pointer __dso_handle __stack_chk_fail \
    __stack_chk_guard __errno_location __main_void __main_argc_argv __original_main __wasm_call_dtors __small_printf \
    __multi3 __divti3 __udivti3 __modti3 __umodti3 __ashlti3 __lshrti3 __ashrti3 __muloti4 __mulodi4 __addtf3 __subtf3 \
    __multf3 __divtf3 __extenddftf2 __extendsftf2 __trunctfdf2 __trunctfsf2 __letf2 __getf2 __eqtf2 __netf2 __unordtf2 \
    __fixtfsi __fixtfdi __fixunstfsi __floatsitf __floatditf __floatunsitf __floatunditf __mulsc3 __muldc3 __multc3 \
    malloc calloc realloc aligned_alloc posix_memalign memalign memcpy memmove memset memcmp memchr memmem strlen \
    strnlen strcpy strncpy strcat strncat strcmp strncmp strcasecmp strncasecmp strchr strrchr strstr strtok strtok_r \
    strdup strndup strspn strcspn strpbrk strerror strerror_r strtol strtoul strtoll strtoull strtod strtof strtold \
    strcoll strxfrm strsignal atoi atol atoll atof qsort bsearch srand srand48 drand48 arc4random getrandom getentropy \
    printf fprintf sprintf snprintf vprintf vfprintf vsprintf vsnprintf dprintf scanf sscanf fscanf vsscanf puts putchar \
    fputs fputc fgets fgetc getchar ungetc perror fopen fdopen freopen fclose fflush fread fwrite fseek fseeko ftell \
    ftello feof ferror clearerr fileno setvbuf setbuf getline getdelim stdin stdout stderr tmpfile tmpnam mkstemp \
    mkostemp mkdtemp mktemp socketpair getsockopt setsockopt getsockname getpeername recvfrom recvmsg sendto sendmsg \
    accept4 getaddrinfo freeaddrinfo gai_strerror getnameinfo gethostbyname gethostbyaddr gethostname getservbyname \
    getservbyport getprotobyname inet_addr inet_ntoa inet_aton inet_pton inet_ntop htons htonl ntohs ntohl if_nametoindex \
    fork vfork execl execlp execle execv execve execvp waitpid wait4 popen pclose pipe2 dup2 dup3 getpid getppid getpgid \
    setpgid getpgrp setsid getsid getuid geteuid getgid getegid setuid seteuid setgid setegid getgroups setgroups \
    initgroups getpwuid getpwnam getpwuid_r getpwnam_r getpwent setpwent endpwent getgrgid getgrnam getgrgid_r \
    getgrnam_r getgrent getlogin getlogin_r sigaction sigprocmask sigemptyset sigfillset sigaddset sigdelset \
    sigismember sigsuspend sigpending sigwait sigaltstack killpg setitimer getitimer mmap mmap64 munmap mprotect msync \
    mlock munlock madvise mremap shm_open shm_unlink shmget shmat dlopen dlsym dlclose dlerror dladdr tcgetattr \
    tcsetattr cfgetospeed cfsetospeed tcflush ioctl fcntl isatty ttyname ttyname_r ctermid openpty forkpty chmod fchmod \
    fchmodat chown fchown lchown umask realpath readlink readlinkat symlink symlinkat linkat unlinkat renameat mkdirat \
    mkfifo mknod fstat fstatat lstat statvfs fstatvfs statfs fstatfs ftruncate openat opendir fdopendir readdir \
    readdir_r closedir rewinddir scandir dirfd getcwd fchdir chroot utime utimes utimensat futimens fsync fdatasync \
    flock lockf ftw nftw glob globfree fnmatch getenv setenv unsetenv putenv clearenv environ sysconf pathconf fpathconf \
    getpagesize getrlimit setrlimit getrusage getpriority setpriority sched_yield nanosleep usleep clock_gettime \
    clock_getres clock_settime clock_nanosleep gettimeofday settimeofday localtime localtime_r gmtime gmtime_r mktime \
    strftime strptime asctime ctime tzset timegm setlocale localeconv newlocale uselocale freelocale nl_langinfo \
    mbstowcs wcstombs mbrtowc wcrtomb mbtowc wctomb iconv iconv_open iconv_close regcomp regexec regfree getopt \
    getopt_long syslog openlog closelog uname sysinfo getloadavg atexit on_exit at_quick_exit";

/// Names that hosts use too, with other types: the library's type (32-bit pointers), then the names.
const TYPED: &[(&str, &str)] = &[
    ("func () -> ()", "abort"),
    ("func () -> (i32)", "fork rand getchar errno"),
    ("func () -> (i64)", "clock"),
    ("func (i32) -> ()", "exit _exit _Exit quick_exit free srandom"),
    ("func (i32) -> (i32)", "system close pipe dup wait times raise alarm sleep unlink rmdir chdir random abs pause"),
    ("func (i32) -> (i64)", "time"),
    ("func (i32, i32) -> (i32)", "listen kill stat signal rename link mkdir access truncate shutdown remove"),
    ("func (i32, i32, i32) -> (i32)", "socket bind connect accept read write open poll readv writev"),
    ("func (i32, i32, i32, i32) -> (i32)", "send recv"),
    ("func (i32, i32, i32, i32, i32) -> (i32)", "select"),
    ("func (i32, i64, i32) -> (i64)", "lseek"),
    ("func (f64) -> (f64)", DOUBLE),
    ("func (f32) -> (f32)", FLOAT),
    ("func (f64, f64) -> (f64)", "pow fmod atan2 hypot fmin fmax fdim remainder copysign nextafter"),
    ("func (f32, f32) -> (f32)", "powf fmodf atan2f hypotf fminf fmaxf fdimf remainderf copysignf nextafterf"),
    ("func (f64, i32) -> (f64)", "ldexp scalbn frexp modf"),
    ("func (f32, i32) -> (f32)", "ldexpf scalbnf frexpf modff"),
    ("func (f64) -> (i32)", "lround lrint ilogb"),
];

const DOUBLE: &str = "sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh exp exp2 expm1 log log2 log10 log1p \
    logb sqrt cbrt ceil floor round trunc rint nearbyint fabs tgamma lgamma erf erfc";
const FLOAT: &str = "sinf cosf tanf asinf acosf atanf sinhf coshf tanhf asinhf acoshf atanhf expf exp2f expm1f logf \
    log2f log10f log1pf logbf sqrtf cbrtf ceilf floorf roundf truncf rintf nearbyintf fabsf tgammaf lgammaf erff erfcf";
