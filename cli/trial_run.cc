#include "cli/trial_run.h"

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "cli/console.h"
#include "study_store/configuration_json.h"
#include "workers/metering_plan.h"

namespace joulefront {
namespace {

/// A folder of its own for the trial, gone with the object. No path if it could not be made.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code none;
    std::string pattern =
        (std::filesystem::temp_directory_path(none) / "joulefront-try-XXXXXX").string();
    if (!none && mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

Result<AttemptEnd> RunOnce(const Study& study, const Configuration& configuration,
                           const MetricPatterns& patterns, SignalWatch& signals,
                           const std::function<void(std::string_view)>& on_line) {
  BecomeSubreaper();
  const TemporaryFolder folder;
  if (folder.path().empty()) {
    return Fail(ErrorCode::kUnavailable,
                "cannot make a temporary folder; set TMPDIR to a writable one");
  }
  const Claim claim{.configuration = ConfigurationToJson(study.space, configuration),
                    .seed = study.seed};
  auto command = PrepareTrainer(study, claim, folder.path(), 0);
  if (!command) return Pass(command);
  const Metering metering{.machine = ThisMachine(), .plan = PlanOf(study, 0)};
  LineCutter lines;
  const AttemptCallbacks callbacks{.on_log = [&](std::string_view text) {
    PrintNote(text);
    if (on_line) lines.Feed(text, on_line);
  }};
  const AttemptEnd end = RunAttempt(study, *command, patterns, metering, signals, callbacks);
  if (on_line) lines.Finish(on_line);
  return end;
}

}  // namespace joulefront
