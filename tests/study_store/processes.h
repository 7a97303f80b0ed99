// Processes that a test forks.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>

namespace joulefront {

/// Runs `body` in a child, whose exit status it gives: 0 unless something went wrong. Nothing of
/// Catch2 runs in the child.
inline pid_t Fork(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  REQUIRE(child > 0);
  return child;
}

inline int Wait(pid_t child) {
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

}  // namespace joulefront
