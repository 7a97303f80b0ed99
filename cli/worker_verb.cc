#include <fmt/format.h>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "workers/worker.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

constexpr const char* kAbout =
    "Claims waiting trials of a study and trains them, one at a time, until the study is "
    "finished.\n"
    "`joulefront run` starts its own workers; start more by hand to lend a study another CPU or "
    "GPU\n"
    "of this machine. SIGTERM stops the trainer and puts its trial back.\n\n"
    "example:\n"
    "  joulefront worker digits.db --slot 2";

}  // namespace

int WorkerVerb(const Arguments& arguments) {
  VerbOptions options("worker STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "slot", po::value<int>()->default_value(0),
      "number of this worker on this machine; picks its entry of [workers] gpus");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  if (*options.Get<int>("slot") < 0) return options.Refuse("--slot counts from 0");
  SignalWatch signals;
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kWrite);
  if (!opened) return Complain("worker", opened.error());
  const WorkerOptions worker{.store_path = opened->path,
                             .slot = *options.Get<int>("slot"),
                             .on_line = [](const std::string& line) { PrintNote(line + "\n"); }};
  auto worked = Work(*opened->store, opened->id, worker, signals);
  if (!worked) return Complain("worker", worked.error());
  return signals.stop_requests() > 0 ? 128 + signals.stop_signal() : kDone;
}

}  // namespace joulefront
