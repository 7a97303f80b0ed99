#include <fmt/format.h>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/verbs.h"
#include "study_store/open_store.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

constexpr const char* kAbout =
    "Copies studies from a store to another, with all that is recorded of them: a study that was\n"
    "begun on one machine goes on in a database that many share, and comes home as a file. The "
    "store\n"
    "that they come from stays as it is; folders of attempts (logs, models) are not copied.\n\n"
    "examples:\n"
    "  joulefront import digits.db --store postgresql://db.example.org/studies\n"
    "  joulefront export postgresql://db.example.org/studies --format sqlite --output home.db";

}  // namespace

int ImportVerb(const Arguments& arguments) {
  VerbOptions options("import STORE --store TARGET [flags]", kAbout);
  options.options().add_options()(
      "store", po::value<std::string>(),
      "the store to copy into, made if it is not there (default: JOULEFRONT_STORE)")(
      "study", po::value<std::string>(), "this study alone");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  if (options.positional().empty()) return options.Refuse("name a store to copy from");
  const auto target = FindStore(options.Get("store").value_or(""));
  if (!target) return options.Refuse("name the store to copy into: --store TARGET");
  const auto copied = CopyStudies(options.positional()[0], target->path, options.Get("study"));
  if (!copied) return Complain("import", copied.error());
  PrintNote(fmt::format("copied to {}: {}\n", target->path, fmt::join(*copied, ", ")));
  return kDone;
}

}  // namespace joulefront
