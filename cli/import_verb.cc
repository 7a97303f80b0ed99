#include <fmt/format.h>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "study_store/open_store.h"
#include "study_store/past_trials.h"
#include "workers/worker.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

constexpr const char* kAbout =
    "Copies studies from a store to another, with all that is recorded of them: a study that was\n"
    "begun on one machine goes on in a database that many share, and comes home as a file. The "
    "store\n"
    "that they come from stays as it is; folders of attempts (logs, models) are not copied.\n\n"
    "With --into: begins a study, or goes on with it, with trials that another program made: of a\n"
    "file of Optuna's, or CSV with a column for each parameter and value. The same again adds\n"
    "nothing.\n\n"
    "examples:\n"
    "  joulefront import digits.db --store postgresql://db.example.org/studies\n"
    "  joulefront export postgresql://db.example.org/studies --format sqlite --output home.db\n"
    "  joulefront import optuna.db --into study.toml\n"
    "  joulefront import optuna.db --into study.toml --values error,energy --told\n"
    "  joulefront import runs.csv --into study.toml";

std::vector<std::string> SplitNames(const std::string& list) {
  std::vector<std::string> names = {""};
  for (const char c : list) {
    if (c == ',') {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  return names;
}

int ImportTrials(const VerbOptions& options, const std::string& from) {
  auto file = ReadStudyFile(*options.Get("into"));
  if (!file) return Complain("import", file.error());
  PastNames names{.study = options.Get("study"), .values = {}};
  if (const auto values = options.Get("values")) names.values = SplitNames(*values);
  const auto past = ReadPastTrials(from, file->study, names);
  if (!past) return Complain("import", past.error());
  auto opened = OpenForStudyFile(*file, StorePathFor(options.Get("store"), file->study.name));
  if (!opened) return Complain("import", opened.error());
  Proposer proposer(*opened->store, opened->id, opened->study);
  if (auto read = proposer.Refresh(); !read) return Complain("import", read.error());
  const auto notes = AddPastTrials(*opened->store, opened->id, proposer, *past, options.Has("told"),
                                   ThisWorker(0), CalendarNow());
  if (!notes) return Complain("import", notes.error());
  for (const std::string& note : *notes) PrintNote(note + "\n");
  return kDone;
}

}  // namespace

int ImportVerb(const Arguments& arguments) {
  VerbOptions options("import FROM [--store TARGET | --into STUDY.toml] [flags]", kAbout);
  options.options().add_options()(
      "store", po::value<std::string>(),
      "the store to copy into, made if it is not there (default: JOULEFRONT_STORE)")(
      "study", po::value<std::string>(), "this study alone")(
      "into", po::value<std::string>(),
      "a study file: add the trials of FROM, a file of Optuna's or CSV, to its study")(
      "values", po::value<std::string>(),
      "with --into, NAME,NAME,...: what the values of Optuna's trials are, in their order, where "
      "they have no names")("told",
                            "with --into: take joules of FROM too, though they are metered here");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  if (options.positional().empty()) return options.Refuse("name a store to copy from");
  const std::string& from = options.positional()[0];
  if (options.Has("into")) return ImportTrials(options, from);
  if (options.Has("values") || options.Has("told")) {
    return options.Refuse("--values and --told need --into STUDY.toml");
  }
  const auto target = FindStore(options.Get("store").value_or(""));
  if (!target) return options.Refuse("name the store to copy into: --store TARGET");
  const auto copied = CopyStudies(from, target->path, options.Get("study"));
  if (!copied) return Complain("import", copied.error());
  PrintNote(fmt::format("copied to {}: {}\n", target->path, fmt::join(*copied, ", ")));
  return kDone;
}

}  // namespace joulefront
