// JF_CHECK: a condition that only a bug can break. It is on in every build; on failure it names the
// place and aborts. What a user or a machine can cause is a Result (result.h), never a check.
#pragma once

#include <cstdio>
#include <cstdlib>

#define JF_CHECK(condition)                                                                   \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      std::fprintf(stderr, "joulefront: bug at %s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                           \
    }                                                                                         \
  } while (false)
