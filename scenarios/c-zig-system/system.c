/* What an ordinary C program asks of its system, one capability at a time, each answer checked.
 *
 * Prints one line a capability:
 *
 *     lab: NAME ok                    it works, and the value is right
 *     lab: NAME errno=N FUNCTION      the host's function refused with this error number
 *     lab: NAME no-errno TEXT         the C library refused by itself: the host was never asked
 *     lab: NAME wrong TEXT            it claimed success, and the value is wrong
 *
 * The scenario gives it the arguments `one` and `two words`, the variable `GREETING=hello`, and a folder
 * `/data` with the file `seed.txt` in it. It ends with exit code 7.
 *
 * The same text is built by every C compiler of the lab; it is C and C++ at once.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SEED "/data/seed.txt"
#define OURS "/data/lab.txt"
#define RENAMED "/data/renamed.txt"
#define CONTENT "written by the lab's guest\n"

/* Emscripten's standalone C library answers most calls about files from stubs of its own: an error number
 * that comes from there is no host's. */
#ifdef __EMSCRIPTEN__
#define HOST(function) 0
#else
#define HOST(function) function
#endif

/* Why a capability is not there. */
struct refusal {
    int number;           /* errno */
    const char *function; /* the host's function that gave it; none: the library by itself */
    const char *wrong;    /* no error, but the wrong value */
};

static int given_count;
static char **given;

static int refused(struct refusal *why, const char *function)
{
    why->number = errno;
    why->function = function;
    return 0;
}

static int require(struct refusal *why, int right, const char *wrong)
{
    if (!right) {
        why->wrong = wrong;
    }
    return right;
}

/* Whether a file can be opened and has this content. */
static int holds(struct refusal *why, const char *path, const char *content)
{
    char text[64] = {0};
    FILE *file = fopen(path, "r");
    if (!file) {
        return refused(why, HOST("path_open"));
    }
    size_t length = fread(text, 1, sizeof text - 1, file);
    int failed = ferror(file);
    fclose(file);
    if (failed) {
        return refused(why, HOST("fd_read"));
    }
    return require(why, length == strlen(content) && strcmp(text, content) == 0, "content differs");
}

static int args(struct refusal *why)
{
    /* The first is the program's own name, whatever the host calls it. */
    int right = given_count == 3 && strcmp(given[1], "one") == 0 && strcmp(given[2], "two words") == 0;
    return require(why, right, "not the arguments given");
}

static int environment(struct refusal *why)
{
    const char *greeting = getenv("GREETING");
    return require(why, greeting && strcmp(greeting, "hello") == 0, "no GREETING=hello");
}

static int file_write(struct refusal *why)
{
    FILE *file = fopen(OURS, "w");
    if (!file) {
        return refused(why, HOST("path_open"));
    }
    int failed = fputs(CONTENT, file) < 0;
    failed = fclose(file) != 0 || failed;
    return failed ? refused(why, HOST("fd_write")) : 1;
}

/* Both the file that the host put there and the one that was just written. */
static int file_read(struct refusal *why)
{
    return holds(why, SEED, "seed\n") && holds(why, OURS, CONTENT);
}

#ifndef LAB_STDIO_ONLY /* a build without what follows, for libraries that would import it from nowhere */
static int dir_list(struct refusal *why)
{
    DIR *dir = opendir("/data");
    if (!dir) {
        return refused(why, HOST("path_open"));
    }
    int seed = 0, ours = 0, others = 0;
    errno = 0;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        const char *name = entry->d_name;
        if (strcmp(name, "seed.txt") == 0) {
            seed++;
        } else if (strcmp(name, "lab.txt") == 0) {
            ours++;
        } else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            others++;
        }
    }
    int failed = errno != 0;
    if (failed) {
        refused(why, HOST("fd_readdir"));
    }
    closedir(dir);
    return !failed && require(why, seed == 1 && ours == 1 && others == 0, "not the files that are there");
}

static int rename_file(struct refusal *why)
{
    if (rename(OURS, RENAMED) != 0) {
        return refused(why, HOST("path_rename"));
    }
    FILE *old = fopen(OURS, "r");
    if (old) {
        fclose(old);
    }
    return require(why, !old, "the old name still opens") && holds(why, RENAMED, CONTENT);
}

/* Deletes the host's file, which is there whether the steps before succeeded or not. */
static int delete_file(struct refusal *why)
{
    if (unlink(SEED) != 0) {
        return refused(why, HOST("path_unlink_file"));
    }
    FILE *old = fopen(SEED, "r");
    if (old) {
        fclose(old);
    }
    return require(why, !old, "the file still opens");
}

#endif

/* Has no fixed beginning and may stand still between two looks, but never goes back. */
static int clock_monotonic(struct refusal *why)
{
    struct timespec first, second;
    if (clock_gettime(CLOCK_MONOTONIC, &first) != 0 || clock_gettime(CLOCK_MONOTONIC, &second) != 0) {
        return refused(why, "clock_time_get");
    }
    int forward =
        second.tv_sec > first.tv_sec || (second.tv_sec == first.tv_sec && second.tv_nsec >= first.tv_nsec);
    return require(why, forward, "the clock went back");
}

static int clock_realtime(struct refusal *why)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return refused(why, "clock_time_get");
    }
    return require(why, now.tv_sec >= 1735689600, "it is not after 2024");
}

#ifndef LAB_STDIO_ONLY
static int random_bytes(struct refusal *why)
{
    /* Both start as the same bytes, so a host that fills in nothing is found out. */
    unsigned char draws[2][16] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        if (getentropy(draws[i], sizeof draws[i]) != 0) {
            return refused(why, "random_get");
        }
    }
    return require(why, memcmp(draws[0], draws[1], sizeof draws[0]) != 0, "two draws are equal");
}
#endif

/* In this order: each leaves the files as the next one expects them. */
static const struct check {
    const char *name;
    int (*run)(struct refusal *why);
} checks[] = {
    {"args", args},
    {"env", environment},
    {"file-write", file_write},
    {"file-read", file_read},
#ifndef LAB_STDIO_ONLY
    {"dir-list", dir_list},
    {"rename", rename_file},
    {"delete", delete_file},
    {"random", random_bytes},
#endif
    {"clock-monotonic", clock_monotonic},
    {"clock-realtime", clock_realtime},
};

int main(int argc, char **argv)
{
    given_count = argc;
    given = argv;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct refusal why = {0, NULL, NULL};
        if (checks[i].run(&why)) {
            printf("lab: %s ok\n", checks[i].name);
        } else if (why.wrong) {
            printf("lab: %s wrong %s\n", checks[i].name, why.wrong);
        } else if (why.function) {
            printf("lab: %s errno=%d %s\n", checks[i].name, why.number, why.function);
        } else {
            printf("lab: %s no-errno %s\n", checks[i].name, strerror(why.number));
        }
    }
    /* Printed before the end; whether the code arrives is for the host to see. */
    printf("lab: exit-code ok\n");
    fflush(stdout);
    exit(7);
}
