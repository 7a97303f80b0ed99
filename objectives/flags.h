// The flags of a command line, one after another: "--flag value", "--flag=value" or "--flag".
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace joulefront::objectives {

class FlagReader {
 public:
  explicit FlagReader(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}

  /// Goes to the next flag. False if there is none.
  bool Next();
  /// Whether the present one is `name`, with a value if `takes_value`, else without one. Throws
  /// BadInput if a value is missing.
  bool Is(const std::string& name, bool takes_value = true);
  /// Its value, after Is().
  const std::string& value() const { return *value_; }
  /// Its value as NAME=VALUE. Throws BadInput.
  std::pair<std::string, std::string> Assignment() const;
  /// Its value as a number. Throws BadInput.
  double Number() const;
  /// Throws BadInput: the present one is unknown.
  [[noreturn]] void Refuse() const;

 private:
  std::vector<std::string> arguments_;
  std::size_t next_ = 0;
  std::string flag_;
  std::optional<std::string> value_;
};

}  // namespace joulefront::objectives
