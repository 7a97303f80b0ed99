#include "workers/kept_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "study_store/anytime.h"
#include "study_store/configuration_json.h"
#include "study_store/front.h"
#include "workers/process.h"
#include "workers/undelivered.h"

namespace joulefront {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kBetweenSweeps(2.0);
constexpr std::string_view kLog = "trainer.log";

/// Trial and attempt of "12.3".
std::optional<std::pair<TrialNumber, int>> AttemptOf(const std::string& name) {
  std::pair<TrialNumber, int> attempt;
  const char* end = name.data() + name.size();
  const auto trial = std::from_chars(name.data(), end, attempt.first);
  if (trial.ec != std::errc() || trial.ptr == end || *trial.ptr != '.') return std::nullopt;
  const auto number = std::from_chars(trial.ptr + 1, end, attempt.second);
  if (number.ec != std::errc() || number.ptr != end || attempt.first < 0 || attempt.second < 1) {
    return std::nullopt;
  }
  return attempt;
}

/// A folder, and no link to one.
bool IsFolder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(fs::symlink_status(path, error));
}

Result<void> RemoveAll(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error || !fs::exists(fs::symlink_status(path))) return {};  // somebody else removes it too
  return Fail(ErrorCode::kUnavailable,
              fmt::format("cannot remove '{}': {}", path.string(), error.message()));
}

/// Everything in the folder but the log.
Result<void> RemoveAllButLog(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> inside;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() != kLog) inside.push_back(at->path());
  }
  for (const fs::path& path : inside) JF_TRY(RemoveAll(path));
  return {};
}

}  // namespace

void KeptFolders::SweepIfDue() {
  if (is_due_ && MonotonicNow() >= next_) Sweep();
}

void KeptFolders::Sweep() {
  auto swept = TrySweep();
  is_due_ = false;
  next_ = MonotonicNow() + kBetweenSweeps;
  if (!swept && say_ && !std::exchange(told_, true)) say_(swept.error().message);
}

// What is there is listed before the store is asked, so that an attempt that begins meanwhile is
// either not listed, or running.
Result<void> KeptFolders::TrySweep() {
  if (study_.workers.keep == KeepFolders::kAll) return {};
  const std::vector<AttemptName> found = Find();
  if (found.empty()) return {};
  JF_TRY(Refresh());
  auto kept = Kept();
  if (!kept) return Pass(kept);
  Result<void> first_fault;
  for (const AttemptName& name : found) {
    const auto number = static_cast<std::size_t>(name.first);
    if (number >= trials_.size() || !IsFinished(trials_[number].state)) continue;
    if (kept->contains(name.first) || MayBeGoneOnWith(trials_[number])) continue;
    auto removed = Remove(name);
    if (!removed && removed.error().code != ErrorCode::kUnavailable) return removed;
    if (!removed && first_fault) first_fault = removed;
  }
  return first_fault;
}

std::vector<KeptFolders::AttemptName> KeptFolders::Find() const {
  std::vector<AttemptName> found;
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const auto name = AttemptOf(at->path().filename().string());
    if (name && !done_.contains(*name) && IsFolder(at->path())) found.push_back(*name);
  }
  return found;
}

Result<void> KeptFolders::Refresh() {
  auto changed = store_.LoadTrials(id_, revision_);
  if (!changed) return Pass(changed);
  for (Trial& trial : *changed) {
    revision_ = std::max(revision_, trial.revision);
    const auto number = static_cast<std::size_t>(trial.number);
    if (number >= trials_.size()) trials_.resize(number + 1);
    trials_[number] = std::move(trial);
  }
  return {};
}

/// Trials on the front, whichever of their joules are compared.
Result<std::set<TrialNumber>> KeptFolders::Kept() {
  std::set<TrialNumber> kept;
  if (study_.workers.keep == KeepFolders::kNone) return kept;
  auto candidates = WithReports(store_, id_, study_, trials_);
  if (!candidates) return Pass(candidates);
  for (const Mix mix : {Mix::kNo, Mix::kYes}) {
    for (const FrontPoint& point : ComputeFront(study_, candidates->trials, {.mix = mix}).points) {
      kept.insert(candidates->trials[point.trial].number);
    }
  }
  return kept;
}

bool KeptFolders::MayBeGoneOnWith(const Trial& trial) const {
  const auto fidelity = study_.space.fidelity();
  if (!study_.trainer.resumes || !fidelity || trial.state != TrialState::kComplete) return false;
  const auto configuration = ConfigurationFromJson(study_.space, trial.configuration);
  return configuration && *(*configuration)[*fidelity] < study_.space.parameters()[*fidelity].high;
}

Result<void> KeptFolders::Remove(const AttemptName& name) {
  auto attempts = store_.LoadAttempts(id_, name.first);
  if (!attempts) return Pass(attempts);
  const auto attempt = std::find_if(attempts->begin(), attempts->end(), [&](const Attempt& known) {
    return known.number == name.second;
  });
  if (attempt == attempts->end() || attempt->state == AttemptState::kRunning) return {};
  const std::string path = fmt::format("{}/{}.{}", folder_, name.first, name.second);
  if (HoldsUndelivered(path)) return {};
  if (attempt->state != AttemptState::kFailed) return RemoveAll(path);
  JF_TRY(RemoveAllButLog(path));
  done_.insert(name);
  return {};
}

std::optional<FoldersSize> SizeOfFolders(const std::string& folder, std::uint64_t most_entries,
                                         Seconds longest) {
  if (!IsFolder(folder)) return std::nullopt;
  const Seconds end_at = MonotonicNow() + longest;
  FoldersSize size;
  double bytes = 0.0;
  std::uint64_t entries = 0;
  std::error_code error;
  const auto skip = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator at(folder, skip, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;
    if (at->is_regular_file(gone) && !at->is_symlink(gone)) {
      const auto one = at->file_size(gone);
      if (!gone) bytes += static_cast<double>(one);
    }
    if (++entries < most_entries && (entries % 256 != 0 || MonotonicNow() < end_at)) continue;
    size.is_least = true;
    break;
  }
  size.is_least = size.is_least || error;  // somebody removed a folder under us
  size.bytes = Bytes(bytes);
  return size;
}

}  // namespace joulefront
