#include "cli/gate_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace joulefront {

GateSession::GateSession(const GateSettings& settings, const GateWork& work,
                         std::optional<GateBaseline> baseline, GateRunner& runner, Console& console)
    : settings_(settings),
      work_(work),
      baseline_(std::move(baseline)),
      runner_(runner),
      console_(console),
      looks_(PlannedLooks(settings.plan)) {}

Result<void> GateSession::Run(int warmup) {
  const Seconds begin = MonotonicNow();
  Seconds longest;
  for (int k = 0; static_cast<int>(runs_.size()) < settings_.plan.most; ++k) {
    const Seconds now = MonotonicNow();
    if (settings_.budget && now + longest > made_ + *settings_.budget) break;
    ShowProgress(k < warmup);
    const auto ran = RunPair(k, k >= warmup);
    took_ = MonotonicNow() - begin;
    longest = std::max(longest, MonotonicNow() - now);
    if (!ran) return ran;
    auto clear = IsClear();
    if (!clear) return Pass(clear);
    if (*clear) break;
  }
  return {};
}

/// Against a folder, the two take turns in going first: what comes second may find a warmer
/// machine.
Result<void> GateSession::RunPair(int k, bool counts) {
  if (settings_.against.empty()) return RunIn("", k, counts, runs_);
  const auto before = [&] {
    auto ran = RunIn(settings_.against, k, counts, baseline_->runs);
    if (!ran) ran.error().message = "in " + settings_.against + ": " + ran.error().message;
    return ran;
  };
  if (k % 2 == 0) JF_TRY(before());
  JF_TRY(RunIn("", k, counts, runs_));
  if (k % 2 == 1) JF_TRY(before());
  return {};
}

Result<void> GateSession::RunIn(const std::string& folder, int k, bool counts,
                                std::vector<GateRun>& into) {
  auto run = runner_.Run(TrainerSeed(work_.study.seed + static_cast<std::uint64_t>(k)), folder);
  if (!run) return Pass(run);
  JF_TRY(CheckKeys(*run));
  if (counts) into.push_back(std::move(*run));
  return {};
}

/// All runs, and those of the baseline, are of one key.
Result<void> GateSession::CheckKeys(const GateRun& run) {
  auto found = MeteredValuesOf(work_.study.objectives, run);
  if (!found) return Pass(found);
  if (!settings_.baseline_path.empty() && baseline_) {
    JF_TRY(RequireComparable(baseline_->metered, *found,
                             fmt::format("the baseline '{}'", settings_.baseline_path)));
  }
  if (!metered_.empty()) JF_TRY(RequireComparable(metered_, *found, "the run before"));
  metered_ = std::move(*found);
  return {};
}

Result<bool> GateSession::IsClear() const {
  const auto count = static_cast<int>(runs_.size());
  const bool look = std::any_of(looks_.begin(), looks_.end(),
                                [&](const GateLook& planned) { return planned.repeats == count; });
  if (!baseline_ || !look) return false;
  auto rows = Compare();
  if (!rows) return Pass(rows);
  return OverallVerdict({.rows = std::move(*rows)}) != GateVerdict::kUnclear;
}

Result<std::vector<GateRow>> GateSession::Compare() const {
  const auto count = static_cast<int>(runs_.size());
  std::vector<GateLook> looks = looks_;
  std::erase_if(looks, [&](const GateLook& look) { return look.repeats > count; });
  const int last = looks.empty() ? 0 : looks.back().repeats;
  if (count > last) looks.push_back(LookAfter(settings_.plan, last, count));

  std::vector<GateRow> rows;
  for (const Objective& objective : work_.study.objectives) {
    GateRow row{.value = objective,
                .baseline = ValuesOf(baseline_->runs, objective.name),
                .now = ValuesOf(runs_, objective.name)};
    if (const auto found = metered_.find(objective.name); found != metered_.end()) {
      row.metered = found->second;
    }
    const auto limit = settings_.limits.find(objective.name);
    if (limit != settings_.limits.end()) row.limit = limit->second;
    auto compared = CompareRepeats(row.baseline, row.now, objective.direction, row.limit, looks);
    if (!compared) return Pass(compared, "--max-regress " + objective.name);
    row.comparison = *compared;
    rows.push_back(std::move(row));
  }
  return rows;
}

void GateSession::ShowProgress(bool warming_up) {
  if (!console_.WantsProgress(MonotonicNow())) return;
  console_.ShowProgress(
      warming_up ? std::string("warming up")
                 : fmt::format("run {}, of {} at most", runs_.size() + 1, settings_.plan.most));
}

}  // namespace joulefront
