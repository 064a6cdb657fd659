/* The guest's side of Xen: hypercalls, and Xenstore over the domain's ring. */
#pragma once
#include "machine.h"

enum shutdown_reason { SHUTDOWN_POWEROFF, SHUTDOWN_REBOOT, SHUTDOWN_SUSPEND, SHUTDOWN_CRASH };

/* False when this is no Xen. */
int find_xen(void);
void shut_down(enum shutdown_reason reason);

/* What xenstored answers: a value's bytes with a zero behind them, or an error's name such as ENOENT. */
struct answer {
    int failed;
    char text[4096];
};
/* Each waits for the answer, 2 s at most; "ETIMEDOUT" after that: a restored guest's request may have been lost with the old ring. */
void xenstore_read(const char *path, struct answer *answer);
void xenstore_list(const char *path, struct answer *answer); /* names separated by spaces */
void xenstore_write(const char *path, const char *value, struct answer *answer);
/* Has xenstored tell of changes; again after the guest was restored. */
void xenstore_watch(const char *path);
/* Whether it has told of one since the last call. Costs nothing when it has not. */
int xenstore_changed(void);
