/* xorshift32: the same numbers as in random.ts, for the same seed. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

typedef uint32_t random_state;

static inline uint32_t random_next(random_state *state) {
  uint32_t value = *state;
  value ^= value << 13;
  value ^= value >> 17;
  value ^= value << 5;
  return *state = value;
}

/* A number below `bound`. It is slightly biased, which does not matter here, and the same everywhere. */
static inline uint32_t random_below(random_state *state, uint32_t bound) {
  return random_next(state) % bound;
}

#endif
