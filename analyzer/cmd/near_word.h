/* Which word was meant by one that does not exist. */
#ifndef NEAR_WORD_H
#define NEAR_WORD_H

#include <stddef.h>

/* The first of words[0, nr) that `word` begins, or is a slip of the finger or two away from; NULL: none. */
const char *near_word(const char *word, const char *const *words, size_t nr);

#endif
