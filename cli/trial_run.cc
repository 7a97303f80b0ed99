#include "cli/trial_run.h"

#include <string>

#include "cli/console.h"
#include "cli/temporary_folder.h"
#include "study_store/configuration_json.h"
#include "workers/metering_plan.h"
#include "workers/output_lines.h"

namespace joulefront {

Result<AttemptEnd> RunOnce(const Study& study, const Configuration& configuration,
                           const MetricPatterns& patterns, SignalWatch& signals,
                           const std::function<void(std::string_view)>& on_line,
                           const std::vector<std::string>& variables) {
  BecomeSubreaper();
  const TemporaryFolder folder;
  if (folder.path().empty()) {
    return Fail(ErrorCode::kUnavailable,
                "cannot make a temporary folder; set TMPDIR to a writable one");
  }
  const Claim claim{.configuration = ConfigurationToJson(study.space, configuration),
                    .seed = SeedOfTrial(study.seed, 0)};
  auto command = PrepareTrainer(study, claim, folder.path(), 0);
  if (!command) return Pass(command);
  command->environment.insert(command->environment.end(), variables.begin(), variables.end());
  const Metering metering{.machine = ThisMachine(), .plan = PlanOf(study, 0)};
  LineCutter lines;
  const auto take_line = [&](const OutputLine& line) { on_line(line.text); };
  const AttemptCallbacks callbacks{.on_log = [&](std::string_view text) {
    PrintNote(text);
    if (on_line) lines.Feed(text, /*now=*/0, take_line);
  }};
  const AttemptEnd end = RunAttempt(study, *command, patterns, metering, signals, callbacks);
  if (on_line) lines.Finish(take_line);
  return end;
}

}  // namespace joulefront
