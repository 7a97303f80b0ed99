// joulefront: the table of verbs, and nothing else.
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include "base/printable.h"
#include "cli/completion.h"
#include "cli/console.h"
#include "cli/manual.h"
#include "cli/options.h"
#include "cli/verbs.h"

namespace {

using namespace joulefront;

constexpr Verb kVerbs[] = {
    {"init", "write a study file for a command, from its arguments and its output", InitVerb,
     false},
    {"run", "run a study file, or go on with it, until its budget is spent", RunVerb},
    {"front", "show the Pareto front, what each point costs, and choose from it", FrontVerb},
    {"compare", "show what moved from one study or machine to another", CompareVerb},
    {"importance", "show which parameters decide each objective", ImportanceVerb},
    {"status", "show where a study stands", StatusVerb},
    {"export", "write trials, a report, figures, a file of Optuna's, or a copy of the store",
     ExportVerb},
    {"import", "copy studies from another store, or take in trials of Optuna's or CSV", ImportVerb},
    {"dashboard", "watch the studies of a store in a browser", DashboardVerb},
    {"confirm", "train the points of the front again, and see which of them hold", ConfirmVerb},
    {"audit", "check that a study's records hold together, and show where its joules went",
     AuditVerb},
    {"gate", "fail when a training costs more joules than a baseline allows: for CI", GateVerb},
    {"try", "train one configuration in the foreground, storing nothing", TryVerb, false},
    {"measure", "meter any command, as `time` would", MeasureVerb, false},
    {"meters", "show what this machine can measure, and what would mend the rest", MetersVerb,
     false},
    {"worker", "work on a study that `run` proposes for (run starts its own)", WorkerVerb},
    {"ask-tell", "drive the search from any language, by JSON lines", AskTellVerb},
};

constexpr const char* kUsage = "VERB [ARGUMENTS]";
constexpr const char* kAbout =
    "joulefront finds the training configurations that are worth their joules.";
constexpr const char* kMore =
    "\n"
    "examples:\n"
    "  joulefront init -- python3 train.py --lr 0.1\n"
    "  joulefront run study.toml            start a study, or go on with it\n"
    "  joulefront front study.db --plot     choose from its front\n"
    "  joulefront meters                    where will the joules come from?\n\n"
    "exit codes: 0 done, 1 run-time failure, 2 usage or study file, 3 gate or limit failed,\n"
    "            4 nothing complete or feasible, 5 meter missing, 6 store unusable,\n"
    "            130/143 interrupted after a clean save\n";

std::string Help() {
  std::string text =
      fmt::format("{}\n\nusage: joulefront {}     joulefront VERB --help\n\n", kAbout, kUsage);
  for (const Verb& verb : kVerbs) text += fmt::format("  {:<12}{}\n", verb.name, verb.help);
  return text + kMore;
}

const Verb* FindVerb(std::string_view name) {
  const auto* found = std::find_if(std::begin(kVerbs), std::end(kVerbs),
                                   [&](const Verb& verb) { return verb.name == name; });
  return found == std::end(kVerbs) ? nullptr : found;
}

/// The manual page of a verb, whose flags only the verb itself knows, or of joulefront.
int ShowManual(const Arguments& arguments) {
  if (arguments.empty()) {
    const auto summary = std::string_view(kAbout).substr(std::string_view("joulefront ").size());
    return PrintData(ManualTitle("joulefront", summary.substr(0, summary.size() - 1)) +
                     ManualBody(kUsage, fmt::format("{}\n{}", kAbout, kMore), {}) +
                     ManualOfVerbs(kVerbs))
               ? kDone
               : kRunTimeFailure;
  }
  const Verb* verb = FindVerb(arguments[0]);
  if (verb == nullptr) return kUsageError;
  if (!PrintData(ManualTitle(fmt::format("joulefront-{}", verb->name), verb->help))) {
    return kRunTimeFailure;
  }
  return verb->function({kManualFlag});
}

/// What may stand for the last of the words that follow "joulefront".
int Complete(const Arguments& words) {
  if (words.size() < 2) {
    return PrintData(VerbCandidates(kVerbs, words.empty() ? "" : words[0])) ? kDone
                                                                            : kRunTimeFailure;
  }
  const Verb* verb = FindVerb(words[0]);
  if (verb == nullptr) return kUsageError;
  if (std::find(words.begin(), words.end() - 1, "--") != words.end() - 1) {
    return PrintData(fmt::format("{}\n", kCommandCandidate)) ? kDone : kRunTimeFailure;
  }
  Arguments rest = {kCompleteFlag};
  rest.insert(rest.end(), words.begin() + 1, words.end());
  if (rest.back() == "--") rest.back() = "-";  // flags, and not the end of them
  return verb->function(rest);
}

/// Takes the place of standard streams that were closed, so that no store or log is opened there
/// and written to as if it were the terminal. Writing to it fails, reading finds the end.
void ReserveStandardStreams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) == -1) static_cast<void>(open("/dev/null", O_RDONLY));
  }
}

/// What is written right is read without an exception: then the store is damaged in a way that
/// nobody foresaw.
int TellEscaped(const std::string& name, std::string_view what) {
  const Verb* verb = FindVerb(name);
  if (const auto code = what.find("] "); what.starts_with('[') && code != what.npos) {
    what.remove_prefix(code + 2);  // the library's own name for it
  }
  if (verb == nullptr || !verb->reads_store) {
    PrintNote(fmt::format("joulefront: a fault of joulefront itself: {}\n", what));
    return kRunTimeFailure;
  }
  PrintNote(fmt::format(
      "joulefront {}: the store is damaged ({}); restore a copy, or save what can be read with "
      "`joulefront export`\n",
      name, Printable(what, 200)));
  return kStoreUnusable;
}

int Main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h" || name == "help") {
    return PrintData(Help()) ? kDone : kRunTimeFailure;
  }
  if (name == "--version") {
    return PrintData("joulefront " JOULEFRONT_VERSION "\n") ? kDone : kRunTimeFailure;
  }
  // For what is built and for the shells' completion (packaging), not for people.
  if (name == kManualFlag) return ShowManual(Arguments(argv + 2, argv + argc));
  if (name == kCompleteFlag) return Complete(Arguments(argv + 2, argv + argc));
  if (const Verb* verb = FindVerb(name)) return verb->function(Arguments(argv + 2, argv + argc));
  if (name.empty()) {
    PrintNote(Help());
  } else {
    PrintNote(fmt::format("joulefront: there is no verb '{}'; see joulefront --help\n", name));
  }
  return kUsageError;
}

}  // namespace

int main(int argc, char** argv) {
  ReserveStandardStreams();
  try {
    return Main(argc, argv);
  } catch (const std::bad_alloc&) {
    PrintNote("joulefront: there is not enough memory for that\n");
  } catch (const std::system_error& error) {
    PrintNote(fmt::format("joulefront: {}\n", error.what()));
  } catch (const std::exception& error) {
    return TellEscaped(argc > 1 ? argv[1] : "", error.what());
  }
  return kRunTimeFailure;
}
