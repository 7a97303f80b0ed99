// Runs of the real joulefront-train.
#pragma once

#include <sys/wait.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

namespace joulefront::objectives {

struct Outcome {
  int code;
  std::string output;
};

inline Outcome Shell(const std::string& command) {
  std::FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  std::array<char, 4096> buffer;
  for (std::size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, output};
}

/// Runs the shell command `environment joulefront-train arguments`; `arguments` may redirect.
inline Outcome Run(const std::string& arguments, const std::string& environment = "") {
  return Shell(environment + " '" JOULEFRONT_BIN_DIR "/joulefront-train' " + arguments);
}

}  // namespace joulefront::objectives
