// Flags of one verb: a thin layer over Boost.Program_options that knows --help, refuses guesses of
// abbreviated names, and prints what a person needs when the flags are wrong.
#pragma once

#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/verbs.h"

namespace joulefront {

/// As the first argument of a verb: print the body of its manual page; what may stand for the last
/// of the words that follow.
inline constexpr const char* kManualFlag = "--manual";
inline constexpr const char* kCompleteFlag = "--complete";

class VerbOptions {
 public:
  /// `usage`: "run STUDY.toml [flags]"; `about`: what it does and examples, printed by --help.
  VerbOptions(std::string usage, std::string about);

  /// For adding flags: options().add_options()("store", value<string>(), "...").
  boost::program_options::options_description& options() { return visible_; }

  /// Reads the arguments, of which at most `most_positional` may have no flag. If there is nothing
  /// more to do (--help, kManualFlag, a usage error), the exit code.
  std::optional<int> Parse(const Arguments& arguments, std::size_t most_positional);

  const std::vector<std::string>& positional() const { return positional_; }
  bool Has(const std::string& name) const { return values_.count(name) > 0; }

  template <typename T = std::string>
  std::optional<T> Get(const std::string& name) const {
    if (!Has(name)) return std::nullopt;
    return values_[name].as<T>();
  }

  /// All values of a flag that may be repeated.
  std::vector<std::string> All(const std::string& name) const;

  /// The value of a flag that has one; kInvalidArgument if it is none of `choices`.
  Result<std::string> OneOf(const std::string& name, const std::vector<std::string>& choices) const;

  /// Prints "joulefront VERB: message", points to --help, and gives kUsageError.
  int Refuse(const std::string& message) const;

 private:
  std::string usage_, about_;
  boost::program_options::options_description visible_{"flags"};
  boost::program_options::variables_map values_;
  std::vector<std::string> positional_;
};

}  // namespace joulefront
