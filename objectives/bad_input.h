// What is wrong with flags, a configuration or a file, and no retry mends. trainer_main.cc alone
// catches it, prints it and ends with exit code 2. The message names the parameter or the file and
// line.
#pragma once

#include <stdexcept>

namespace joulefront::objectives {

class BadInput : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace joulefront::objectives
