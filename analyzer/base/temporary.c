#include "base/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

enum { TEMPORARIES_MAX = 8 };

static const int interruptions[] = {SIGINT, SIGTERM, SIGHUP};

enum { NR_INTERRUPTIONS = (int)(sizeof(interruptions) / sizeof(*interruptions)) };

static const char *temporaries[TEMPORARIES_MAX]; /* atomic: the handler reads them */

/* Dies of the signal as soon as it returns: SA_RESETHAND has given the signal its default meaning. */
static void interrupted(int number)
{
    for (int i = 0; i < TEMPORARIES_MAX; i++) {
        const char *path = __atomic_load_n(&temporaries[i], __ATOMIC_ACQUIRE);
        if (path)
            (void)unlink(path);
    }
    (void)raise(number);
}

static void interruptions_catch(void)
{
    static bool caught;
    struct sigaction now, action = {.sa_handler = interrupted, .sa_flags = (int)SA_RESETHAND};
    if (caught)
        return;
    caught = true;
    (void)sigfillset(&action.sa_mask);
    for (int i = 0; i < NR_INTERRUPTIONS; i++)
        if (sigaction(interruptions[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
            (void)sigaction(interruptions[i], &action, NULL);
}

static void temporary_note(const char *path)
{
    for (int i = 0; i < TEMPORARIES_MAX; i++) {
        if (!temporaries[i]) {
            __atomic_store_n(&temporaries[i], path, __ATOMIC_RELEASE);
            return;
        }
    }
}

int temporary_make(const char *path)
{
    sigset_t held, before;
    interruptions_catch();
    (void)sigemptyset(&held);
    for (int i = 0; i < NR_INTERRUPTIONS; i++)
        (void)sigaddset(&held, interruptions[i]);
    (void)sigprocmask(SIG_BLOCK, &held, &before); /* nothing comes between it and the note of it */
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    int error = errno;
    if (fd >= 0)
        temporary_note(path);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return fd;
}

void temporary_forget(const char *path)
{
    for (int i = 0; i < TEMPORARIES_MAX; i++)
        if (temporaries[i] == path)
            __atomic_store_n(&temporaries[i], NULL, __ATOMIC_RELEASE);
}
