/*
 * A disk that fails on demand, for tests alone. Preloaded into a server (LD_PRELOAD), it stands before the calls of the
 * C library that change files below FAULT_ROOT, and lets them through unless the file FAULT_ORDER says otherwise. The
 * order is read at each call, so that a test switches a fault on and off while the server runs. It is one line:
 *
 *     full NAME      what takes room fails with ENOSPC: writing, making files and directories longer
 *     write NAME     writing fails with EIO
 *     sync NAME      syncing fails with EIO; what was written before stays where it is
 *     readonly NAME  whatever opens to write, makes, renames or removes fails with EROFS
 *     tear NAME N    of the Nth write from now on only the first half is written, and the process dies as of kill -9
 *
 * and concerns files whose path ends with NAME; '*' stands for all. An empty or missing file orders nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum call { TAKES_ROOM, WRITES, SYNCS, CHANGES };

/* Writes that were seen since the order to tear came. */
static int torn;

static int read_order(char *kind, char *name, int *count) {
    const char *path = getenv("FAULT_ORDER");
    char text[256] = "";
    int saved = errno;
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        ssize_t got = syscall(SYS_read, fd, text, sizeof text - 1);
        syscall(SYS_close, fd);
        text[got > 0 ? got : 0] = 0;
    }
    errno = saved;
    *count = 1;
    return sscanf(text, "%15s %127s %d", kind, name, count) >= 2;
}

static int concerns(const char *path, const char *name) {
    const char *root = getenv("FAULT_ROOT");
    size_t length = strlen(path), end = strlen(name);
    if (!root || strncmp(path, root, strlen(root)) != 0) return 0;
    return strcmp(name, "*") == 0 || (length >= end && strcmp(path + length - end, name) == 0);
}

/* The error that a call on a path is to fail with, 0 for none, -1 to tear. */
static int fault(const char *path, enum call call) {
    char kind[16], name[128];
    int count;
    if (!read_order(kind, name, &count) || !concerns(path, name)) return 0;
    if (strcmp(kind, "full") == 0) return call == TAKES_ROOM || call == WRITES ? ENOSPC : 0;
    if (strcmp(kind, "write") == 0) return call == WRITES ? EIO : 0;
    if (strcmp(kind, "sync") == 0) return call == SYNCS ? EIO : 0;
    if (strcmp(kind, "readonly") == 0) return call == SYNCS ? 0 : EROFS;
    if (strcmp(kind, "tear") == 0 && call == WRITES) return __sync_add_and_fetch(&torn, 1) == count ? -1 : 0;
    return 0;
}

static int fault_of(int fd, enum call call) {
    char link[64], path[PATH_MAX];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    errno = saved;
    if (length < 0) return 0;
    path[length] = 0;
    return fault(path, call);
}

static int fault_at(int folder, const char *path, enum call call) {
    char whole[2 * PATH_MAX], link[64], above[PATH_MAX] = "";
    int saved = errno;
    if (path[0] == '/') return fault(path, call);
    if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, above, sizeof above - 1);
    above[length > 0 ? length : 0] = 0;
    while (path[0] == '.' && path[1] == '/') path += 2;
    snprintf(whole, sizeof whole, "%s/%s", above, path);
    errno = saved;
    return fault(whole, call);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSE(error) do { errno = (error); return -1; } while (0)

static void tear(int fd, const void *bytes, size_t count, off_t at, int placed) {
    if (placed) syscall(SYS_pwrite64, fd, bytes, count / 2, at);
    else syscall(SYS_write, fd, bytes, count / 2);
    kill(getpid(), SIGKILL);
}

#define WRITE(name, parameters, arguments, at, placed)              \
    ssize_t name parameters {                                       \
        int error = fault_of(fd, WRITES);                           \
        if (error < 0) tear(fd, bytes, count, at, placed);          \
        if (error > 0) REFUSE(error);                               \
        return REAL(name) arguments;                                \
    }

WRITE(write, (int fd, const void *bytes, size_t count), (fd, bytes, count), 0, 0)
WRITE(pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at), at, 1)
WRITE(pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at), at, 1)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    int error = fault_of(fd, WRITES);
    if (error > 0) REFUSE(error);
    return REAL(writev)(fd, parts, count);
}

#define ON_FILE(name, parameters, arguments, call)                  \
    int name parameters {                                           \
        int error = fault_of(fd, call);                             \
        if (error > 0) REFUSE(error);                               \
        return REAL(name) arguments;                                \
    }

ON_FILE(fsync, (int fd), (fd), SYNCS)
ON_FILE(fdatasync, (int fd), (fd), SYNCS)
ON_FILE(ftruncate, (int fd, off_t length), (fd, length), TAKES_ROOM)
ON_FILE(ftruncate64, (int fd, off64_t length), (fd, length), TAKES_ROOM)
ON_FILE(fallocate, (int fd, int mode, off_t at, off_t length), (fd, mode, at, length), TAKES_ROOM)

#define ON_PATH(name, parameters, arguments, folder, path, call)    \
    int name parameters {                                           \
        int error = fault_at(folder, path, call);                   \
        if (error > 0) REFUSE(error);                               \
        return REAL(name) arguments;                                \
    }

ON_PATH(mkdir, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path, TAKES_ROOM)
ON_PATH(rename, (const char *from, const char *to), (from, to), AT_FDCWD, to, CHANGES)
ON_PATH(unlink, (const char *path), (path), AT_FDCWD, path, CHANGES)

/* What makes a file takes room for its name; what opens one to write changes something. */
static int opening(int folder, const char *path, int flags) {
    if ((flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT)) return 0;
    int makes = (flags & O_CREAT) && syscall(SYS_faccessat, folder, path, F_OK) != 0;
    return fault_at(folder, path, makes ? TAKES_ROOM : CHANGES);
}

#define OPEN(name)                                                  \
    int name(const char *path, int flags, ...) {                    \
        va_list rest;                                               \
        va_start(rest, flags);                                      \
        mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                               \
        int saved = errno, error = opening(AT_FDCWD, path, flags);  \
        errno = saved;                                              \
        if (error > 0) REFUSE(error);                               \
        return REAL(name)(path, flags, mode);                       \
    }

#define OPENAT(name)                                                \
    int name(int folder, const char *path, int flags, ...) {        \
        va_list rest;                                               \
        va_start(rest, flags);                                      \
        mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                               \
        int saved = errno, error = opening(folder, path, flags);    \
        errno = saved;                                              \
        if (error > 0) REFUSE(error);                               \
        return REAL(name)(folder, path, flags, mode);               \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
