/*
 * What the other threads of the process are doing, as /proc/self/task says: a thread that waits in the kernel has a
 * known stack pointer. They are looked at before and after the image is taken: who did not run between the two had the
 * same stack in it.
 */
#ifndef BYSTANDERS_H
#define BYSTANDERS_H

struct image_request;

/* Fill request->threads with all threads but the calling one. Signal-safe. */
void bystanders_look(struct image_request *request);

/* Forget the stack pointers of those that have run since. */
void bystanders_look_again(struct image_request *request);

#endif
