#include "cli/gate_runs.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/lines.h"
#include "base/printable.h"
#include "cli/temporary_folder.h"
#include "workers/metering_plan.h"

namespace joulefront {
namespace {

constexpr std::size_t kMostOutput = 4096;  // what is kept of a run's output
constexpr std::size_t kMostLines = 20;

}  // namespace

GateRunner::GateRunner(const GateWork& work, SignalWatch& signals, MetricPatterns patterns)
    : work_(work), signals_(signals), patterns_(std::move(patterns)) {}

Result<GateRunner> GateRunner::Create(const GateWork& work, SignalWatch& signals) {
  auto patterns = MetricPatterns::Create(work.study.trainer.metrics);
  if (!patterns) return Pass(patterns);
  BecomeSubreaper();
  return GateRunner(work, signals, std::move(*patterns));
}

Result<TrainerCommand> GateRunner::Prepare(std::uint64_t seed, const std::string& folder,
                                           const std::string& work_dir) const {
  if (work_.subject.command.empty()) {
    const Claim claim{.configuration = work_.subject.configuration, .seed = seed};
    return PrepareTrainer(work_.study, claim, work_dir, 0);
  }
  std::error_code error;
  const auto present = std::filesystem::current_path(error);
  if (error) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("the present folder cannot be found: {}", error.message()));
  }
  TrainerCommand command{.arguments = work_.subject.command,
                         .environment = OwnEnvironment(),
                         .work_dir = work_dir,
                         .folder = (present / folder).string(),
                         .leaves_running = true};  // it is the user's own
  std::erase_if(command.environment,
                [](const std::string& entry) { return entry.starts_with("JOULEFRONT_SEED="); });
  command.environment.push_back(fmt::format("JOULEFRONT_SEED={}", seed));
  return command;
}

Result<GateRun> GateRunner::Run(std::uint64_t seed, const std::string& folder) {
  const TemporaryFolder own;
  if (own.path().empty()) {
    return Fail(ErrorCode::kUnavailable,
                "cannot make a temporary folder; set TMPDIR to a writable one");
  }
  auto command = Prepare(seed, folder, own.path());
  if (!command) return Pass(command);
  output_.clear();
  const AttemptCallbacks callbacks{.on_log = [this](std::string_view text) {
    output_ += text;
    if (output_.size() > 2 * kMostOutput) output_.erase(0, output_.size() - kMostOutput);
  }};
  const Metering metering{.machine = ThisMachine(), .plan = work_.plan};
  const AttemptEnd end =
      RunAttempt(work_.study, *command, patterns_, metering, signals_, callbacks);
  if (end.not_started && end.not_started->code == ErrorCode::kNoMeter) {
    return Fail(ErrorCode::kNoMeter, end.not_started->message);
  }
  for (const std::string& process : end.left_running) left_running_.insert(process);
  if (end.crossed == AttemptLimit::kTime && !work_.subject.command.empty()) {
    return Fail(ErrorCode::kUnavailable, "it took longer than all of --budget");
  }
  AttemptResult result = Judge(work_.study, end);
  if (result.state != AttemptState::kComplete) {
    return Fail(ErrorCode::kUnavailable, std::move(result.message));
  }
  return GateRun{
      .seed = seed, .values = std::move(result.values), .energy = std::move(result.energy)};
}

std::string GateRunner::Tail() const {
  std::vector<std::string> lines;
  std::string_view text = output_;
  if (text.size() > kMostOutput) text.remove_prefix(text.size() - kMostOutput);
  while (!text.empty()) lines.push_back(Printable(TakeLine(text)) + "\n");
  if (lines.size() > kMostLines) lines.erase(lines.begin(), lines.end() - kMostLines);
  return fmt::format("{}", fmt::join(lines, ""));
}

}  // namespace joulefront
