#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "cli/completion.h"
#include "cli/console.h"
#include "cli/manual.h"

namespace joulefront {

namespace po = boost::program_options;

namespace {

constexpr const char* kSeeMain = ".SH SEE ALSO\n.BR joulefront (1)\n";

}  // namespace

VerbOptions::VerbOptions(std::string usage, std::string about)
    : usage_(std::move(usage)), about_(std::move(about)) {
  visible_.add_options()("help,h", "show this help");
}

std::optional<int> VerbOptions::Parse(const Arguments& arguments, std::size_t most_positional) {
  if (!arguments.empty() && arguments[0] == kManualFlag) {
    return PrintData(ManualBody(usage_, about_, visible_) + kSeeMain) ? kDone : kRunTimeFailure;
  }
  if (!arguments.empty() && arguments[0] == kCompleteFlag) {
    const Arguments words(arguments.begin() + 1, arguments.end());
    return PrintData(Candidates(visible_, words)) ? kDone : kRunTimeFailure;
  }
  po::options_description all;
  all.add(visible_).add_options()("positional", po::value<std::vector<std::string>>());
  po::positional_options_description positions;
  positions.add("positional", -1);
  // No guessing: a script must not break when a flag is added.
  const int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    po::store(
        po::command_line_parser(arguments).options(all).positional(positions).style(style).run(),
        values_);
    po::notify(values_);
  } catch (const po::error& error) {
    return Refuse(error.what());
  }
  if (Has("help")) {
    std::ostringstream flags;
    flags << visible_;
    const bool shown =
        PrintData(fmt::format("usage: joulefront {}\n\n{}\n\n{}", usage_, about_, flags.str()));
    return shown ? kDone : kRunTimeFailure;
  }
  positional_ = All("positional");
  if (positional_.size() > most_positional) {
    return Refuse(fmt::format("unexpected argument '{}'", positional_[most_positional]));
  }
  return std::nullopt;
}

std::vector<std::string> VerbOptions::All(const std::string& name) const {
  return Get<std::vector<std::string>>(name).value_or(std::vector<std::string>());
}

Result<std::string> VerbOptions::OneOf(const std::string& name,
                                       const std::vector<std::string>& choices) const {
  const std::string value = *Get(name);
  if (std::find(choices.begin(), choices.end(), value) != choices.end()) return value;
  return Fail(
      ErrorCode::kInvalidArgument,
      fmt::format("--{} is {} or {}, not '{}'", name,
                  fmt::join(choices.begin(), choices.end() - 1, ", "), choices.back(), value));
}

int VerbOptions::Refuse(const std::string& message) const {
  const std::string verb = usage_.substr(0, usage_.find(' '));
  PrintNote(fmt::format("joulefront {0}: {1}\nusage: joulefront {2}\nsee joulefront {0} --help\n",
                        verb, message, usage_));
  return kUsageError;
}

}  // namespace joulefront
