// What a person sees on stderr while something runs: one redrawn line on a terminal, plain lines
// elsewhere.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"

namespace joulefront {

class Console {
 public:
  virtual ~Console() = default;
  /// Whether a progress line given now would be shown: making one may be costly.
  virtual bool WantsProgress(Seconds now) = 0;
  /// Shows where things stand; replaces the last one on a terminal.
  virtual void ShowProgress(const std::string& line) = 0;
  /// Shows a line that stays.
  virtual void Say(const std::string& line) = 0;
  /// Ends the progress line, if one is shown.
  virtual void EndProgress() = 0;
};

/// For stderr: a terminal's console if it is one, else plain lines, at most one each ten seconds.
/// `quiet`: no progress, only what is said.
std::unique_ptr<Console> MakeConsole(bool quiet);

/// Characters in a line of the terminal that stdout is; empty if it is none.
std::optional<std::size_t> WidthOfStdout();

/// Writes data to stdout; false, with a message on stderr, if that fails.
bool PrintData(const std::string& data);

/// Writes to stderr. Where nobody can read it, it is lost: a study goes on without its terminal.
void PrintNote(std::string_view text);

}  // namespace joulefront
