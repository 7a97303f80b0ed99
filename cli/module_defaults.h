// What a script asks of one of our modules (modules/): parameters by name, with the values that it
// takes by itself. The modules tell it on stderr where the environment has kVariable.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command_guess.h"

namespace joulefront {

class ModuleDefaults {
 public:
  static constexpr const char* kVariable = "JOULEFRONT_INIT=1";

  /// Whether the line is one of a module's: {"joulefront_defaults": {"lr": 0.1, "epochs": 5}}.
  bool TakeLine(std::string_view line);

  /// In the order in which they were asked for. Names that no parameter may have are left out.
  const std::vector<std::pair<std::string, Value>>& Found() const { return found_; }

 private:
  std::vector<std::pair<std::string, Value>> found_;
};

/// Whether the command may ask a module for parameters: its script names one, one lies beside the
/// script, or it is a Python module whose text is not read.
bool AsksModule(const std::vector<std::string>& command, const Places& places,
                const ScriptText& script);

}  // namespace joulefront
