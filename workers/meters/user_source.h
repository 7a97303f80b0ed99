// A source of the user's own: a smart plug, a data-centre meter, a board with a sensor. It is a
// file whose first line is a number, read anew each time, or a program that prints one number a
// line.
//
// Nonsense is no reading: text that is no number, a negative or endless one, more than the source
// says it may be. The program is started once for an attempt, without a shell, and killed after it;
// where the trainer has no control group of its own, its CPU time counts with the trainer's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "workers/meters/energy_source.h"

namespace joulefront {

struct UserSource {
  std::string name;                  // Domain::source and Domain::name
  std::string file;                  // or:
  std::vector<std::string> command;  // program and arguments
  bool gives_power = false;          // watts now, instead of joules since some time
  Boundary boundary = Boundary::kWall;
  Seconds period{1.0};  // how often the number changes
  Watts most{20000.0};
};

/// All of them, as sources: one that cannot be read is listed with the reason. What a program
/// prints first is waited for, but not for longer than `patience`: nonsense is told then, and
/// nothing yet is no fault.
FoundSources FindUserSources(const std::vector<UserSource>& sources, Seconds patience = Seconds(0));

/// Millionths of a decimal number with blanks around it: of joules or of watts. Empty if it is
/// none, or is below 0 or above 10^13.
std::optional<std::uint64_t> ParseMillionths(std::string_view text);

}  // namespace joulefront
