/*
 * Files that must not be left behind when the program is interrupted (SIGINT, SIGTERM, SIGHUP): it removes them and
 * dies of the signal, as it would have without them. A signal that was ignored stays so.
 */
#ifndef TEMPORARY_H
#define TEMPORARY_H

/*
 * Make a file that does not exist, for writing. Its descriptor, or -1 with errno set. `path` is borrowed until
 * temporary_forget(). More than a few at a time are made, but not removed when the program is interrupted. Not for two
 * threads at a time.
 */
int temporary_make(const char *path);

/* It is renamed or removed: an interruption does not touch it any more. Nothing happens when it is not known. */
void temporary_forget(const char *path);

#endif
