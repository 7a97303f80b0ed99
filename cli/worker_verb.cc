#include <fmt/format.h>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "study_store/open_store.h"
#include "workers/worker.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

constexpr const char* kAbout =
    "Claims waiting trials of a study and trains them, one at a time, until the study is "
    "finished.\n"
    "`joulefront run` starts its own workers; start more by hand to lend a study another CPU or "
    "GPU\n"
    "of this machine, or of another where the store is a database. SIGTERM stops the trainer and "
    "puts its trial back.\n\n"
    "example:\n"
    "  joulefront worker digits.db --slot 2\n"
    "  joulefront worker postgresql://db.example.org/studies --all --label gpu=h100";

/// NAME=VALUE each.
Result<std::map<std::string, std::string>> LabelsOf(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("--label is NAME=VALUE, such as gpu=h100, not '{}'", text));
    }
    labels[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return labels;
}

}  // namespace

int WorkerVerb(const Arguments& arguments) {
  VerbOptions options("worker STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "all", "work on all studies of the store, also those to come, until told to stop")(
      "label", po::value<std::vector<std::string>>(),
      "NAME=VALUE, for studies with [workers] requires; may be repeated")(
      "idle", po::value<std::string>(),
      "end once nothing has waited for so long: 10min; without it, when the study is finished")(
      "slot", po::value<int>()->default_value(0),
      "number of this worker on this machine; picks its entry of [workers] gpus");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  if (*options.Get<int>("slot") < 0) return options.Refuse("--slot counts from 0");
  if (options.Has("all") && options.Has("study")) return options.Refuse("--all or --study");
  std::optional<Seconds> idle;
  if (const auto text = options.Get("idle")) {
    const auto parsed = ParseSeconds(*text);
    if (!parsed) return options.Refuse("--idle: " + parsed.error().message);
    idle = *parsed;
  }
  auto labels = LabelsOf(options.All("label"));
  if (!labels) return options.Refuse(labels.error().message);
  WorkerOptions worker{.store_path = {},
                       .lease = {},
                       .labels = std::move(*labels),
                       .idle = idle,
                       .slot = *options.Get<int>("slot"),
                       .on_line = [](const std::string& line) { PrintNote(line + "\n"); }};
  SignalWatch signals;
  const auto end = [&](const Result<void>& worked) {
    if (!worked) return Complain("worker", worked.error());
    return signals.stop_requests() > 0 ? 128 + signals.stop_signal() : static_cast<int>(kDone);
  };
  if (options.Has("all")) {
    auto place = FindStore(options.positional().empty() ? "" : options.positional()[0]);
    if (!place) return Complain("worker", place.error());
    auto store = OpenStore(place->path, OpenMode::kWrite);
    if (!store) return Complain("worker", store.error());
    worker.store_path = place->path;
    return end(WorkOnAll(**store, worker, signals));
  }
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kWrite);
  if (!opened) return Complain("worker", opened.error());
  worker.store_path = opened->path;
  return end(Work(*opened->store, opened->id, worker, signals));
}

}  // namespace joulefront
