// joulefront: the table of verbs, and nothing else.
#include <fcntl.h>
#include <fmt/format.h>

#include <exception>
#include <string>
#include <string_view>

#include "cli/console.h"
#include "cli/verbs.h"

namespace {

using namespace joulefront;

struct Verb {
  std::string_view name;
  std::string_view help;
  int (*function)(const Arguments&);
};

constexpr Verb kVerbs[] = {
    {"run", "run a study file, or go on with it, until its budget is spent", RunVerb},
    {"front", "show the Pareto front: what each point costs, and the knee", FrontVerb},
    {"status", "show where a study stands", StatusVerb},
    {"export", "write all trials as CSV or JSON, or a copy of the store", ExportVerb},
    {"import", "copy studies from another store into this one", ImportVerb},
    {"confirm", "train the points of the front again, and see which of them hold", ConfirmVerb},
    {"audit", "check that a study's records hold together, and show where its joules went",
     AuditVerb},
    {"gate", "fail when a training costs more joules than a baseline allows: for CI", GateVerb},
    {"try", "train one configuration in the foreground, storing nothing", TryVerb},
    {"measure", "meter any command, as `time` would", MeasureVerb},
    {"meters", "show what this machine can measure, and what would mend the rest", MetersVerb},
    {"worker", "work on a study that `run` proposes for (run starts its own)", WorkerVerb},
    {"ask-tell", "drive the search from any language, by JSON lines", AskTellVerb},
};

std::string Help() {
  std::string text =
      "joulefront finds the training configurations that are worth their joules.\n\n"
      "usage: joulefront VERB [ARGUMENTS]     joulefront VERB --help\n\n";
  for (const Verb& verb : kVerbs) text += fmt::format("  {:<10}{}\n", verb.name, verb.help);
  return text +
         "\nexamples:\n"
         "  joulefront run study.toml            start a study, or go on with it\n"
         "  joulefront front study.db --plot     choose from its front\n"
         "  joulefront meters                    where will the joules come from?\n\n"
         "exit codes: 0 done, 1 run-time failure, 2 usage or study file, 3 gate or limit failed,\n"
         "            4 nothing complete or feasible, 5 meter missing, 6 store unusable,\n"
         "            130/143 interrupted after a clean save\n";
}

/// Takes the place of standard streams that were closed, so that no store or log is opened there
/// and written to as if it were the terminal. Writing to it fails, reading finds the end.
void ReserveStandardStreams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (fcntl(fd, F_GETFD) == -1) static_cast<void>(open("/dev/null", O_RDONLY));
  }
}

int Main(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--help" || name == "-h" || name == "help") {
    return PrintData(Help()) ? kDone : kRunTimeFailure;
  }
  if (name == "--version") {
    return PrintData("joulefront " JOULEFRONT_VERSION "\n") ? kDone : kRunTimeFailure;
  }
  for (const Verb& verb : kVerbs) {
    if (verb.name == name) return verb.function(Arguments(argv + 2, argv + argc));
  }
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
  } catch (const std::exception& error) {
    // Only out-of-memory and the like come here: what can be foreseen is a Result.
    PrintNote(fmt::format("joulefront: {}\n", error.what()));
    return kRunTimeFailure;
  }
}
