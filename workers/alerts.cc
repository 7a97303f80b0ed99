#include "workers/alerts.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "workers/process.h"

namespace joulefront {
namespace {

constexpr Seconds kPatience(10.0);

std::string ToJson(const Study& study, const Alert& alert) {
  nlohmann::ordered_json event = {{"study", study.name},
                                  {"event", alert.kind},
                                  {"message", alert.message},
                                  {"energy_j", alert.energy.value()}};
  if (study.budget.energy) event["budget_j"] = study.budget.energy->value();
  return event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

/// The child's status once it has ended; empty if it had to be killed.
std::optional<int> Await(pid_t pid) {
  const Seconds begin = MonotonicNow();
  int status = 0;
  while (MonotonicNow() - begin < kPatience) {
    if (waitpid(pid, &status, WNOHANG) == pid) return status;
    poll(nullptr, 0, 5);
  }
  SignalGroup(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  return std::nullopt;
}

}  // namespace

std::string RunAlertCommand(const Study& study, const Alert& alert) {
  const auto& command = study.limits.on_alert;
  if (command.empty()) return "";
  const std::string failed = fmt::format("the command of [limits] on_alert, '{}', ", command[0]);
  auto child = Spawn({.arguments = command,
                      .environment = EnvironmentWithoutSecrets(),
                      .folder = study.directory,
                      .stdio = Stdio::kLog,
                      .input = ToJson(study, alert)});
  if (!child) return failed + "cannot be started: " + child.error().message;
  const auto status = Await(child->pid);
  if (!status) return failed + fmt::format("took more than {}", FormatSeconds(kPatience));
  if (WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return "";
  return failed + "failed";
}

Result<void> EnergyAlerts::Look(Joules spent, TimePoint now) {
  const auto& budget = study_.budget.energy;
  if (!budget) return {};
  if (!loaded_) {
    auto events = store_.LoadEvents(id_);
    if (!events) return Pass(events);
    for (const Event& event : *events) told_.insert(event.kind);
    loaded_ = true;
  }
  std::vector<double> shares = study_.limits.warn_at;
  shares.push_back(1.0);
  for (const double share : shares) {
    // Of this budget: one that was extended is warned about anew.
    Alert alert{
        .kind = fmt::format("energy at {:.4g} % of {}", share * 100.0, FormatJoules(*budget)),
        .message = "",
        .energy = spent};
    if (spent < *budget * share || !told_.insert(alert.kind).second) continue;
    alert.message = fmt::format("{} of the energy budget of {} are spent", FormatJoules(spent),
                                FormatJoules(*budget));
    JF_TRY(store_.AddEvent(id_, alert.kind, alert.message, now));
    say_(alert.message);
    if (const std::string problem = RunAlertCommand(study_, alert); !problem.empty()) say_(problem);
  }
  return {};
}

}  // namespace joulefront
