// Who a worker is, and what becomes of attempts whose worker is gone.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "workers/meters/cpu_time.h"
#include "workers/trainer_command.h"
#include "workers/undelivered.h"
#include "workers/worker.h"

namespace joulefront {
namespace {

/// `now` by the store's clock. Containers have a host name and process ids of their own.
bool IsGone(const Attempt& attempt, const std::string& boot_id, TimePoint now) {
  if (attempt.lease_until < now) return true;
  return attempt.worker.boot_id == boot_id && attempt.worker.host == HostName() &&
         !IsAlive(static_cast<pid_t>(attempt.worker.pid), attempt.worker.start_ticks);
}

}  // namespace

WorkerIdentity ThisWorker(int slot) {
  const std::string host = HostName();
  const char* node = std::getenv("SLURMD_NODENAME");  // what squeue calls the machine
  return {.name = fmt::format("{}:{}:{}", node != nullptr ? node : host, getpid(), slot),
          .host = host,
          .boot_id = BootId(),
          .pid = getpid(),
          .start_ticks = StartTicks(SystemRoots{}, getpid()).value_or(0)};
}

Result<int> ReclaimLostAttempts(StudyStore& store, StudyId id, const Study& study,
                                const std::string& store_path) {
  auto running = store.LoadRunningAttempts(id);
  if (!running) return Pass(running);
  const std::string boot_id = BootId();
  int reclaimed = 0;
  for (const Attempt& attempt : *running) {
    if (!IsGone(attempt, boot_id, CalendarNow() + store.ClockAhead())) continue;
    const std::string folder = WorkDirOf(store_path, study.name, attempt.trial, attempt.number);
    KillLeftovers(folder);
    const Claim claim{.study = id,
                      .trial = attempt.trial,
                      .attempt = attempt.number,
                      .worker = attempt.worker.name,
                      .configuration = {}};
    const AttemptResult lost{.state = AttemptState::kLost,
                             .message = fmt::format("its worker {} vanished", attempt.worker.name)};
    auto found = FindUndelivered(folder, attempt.worker.name);
    if (!found) continue;  // another time
    const auto kept = std::move(*found);
    const RetryLimits limits{.attempts = study.workers.attempts};
    auto ended = store.FinishAttempt(claim, kept.value_or(lost), limits, CalendarNow());
    if (ended) {
      if (kept) ForgetUndelivered(folder);
      ++reclaimed;
    } else if (ended.error().code != ErrorCode::kLeaseLost) {  // it finished after all
      return Pass(ended);
    }
  }
  return reclaimed;
}

}  // namespace joulefront
