// Studies run by the real program, and what their stores then hold.
#pragma once

#include <algorithm>
#include <memory>

#include "study_store/open_store.h"
#include "tests/workers/running.h"

namespace joulefront {

inline constexpr const char* kProgram = JOULEFRONT_BIN_DIR "/joulefront";

template <typename T>
T Require(Result<T> result) {
  if (!result) FAIL(result.error().message);
  return std::move(*result);
}

/// A trial's result, its error made from its number.
inline constexpr const char* kReportNumber =
    "echo \"{\\\"joulefront\\\": \\\"result\\\", \\\"values\\\": {\\\"error\\\": "
    "0.$JOULEFRONT_TRIAL}}\"\n";

/// Trials from number 3 on wait until the file "go" is beside the study file, each with a child
/// that has left its session.
inline const std::string kGated =
    "if [ $JOULEFRONT_TRIAL -ge 3 ]; then\n"
    "  setsid sleep 600 &\n"
    "  while [ ! -e \"$1/go\" ]; do sleep 0.02; done\n"
    "fi\n" +
    std::string(kReportNumber);

/// A folder with study.toml, whose trainer is trainer.sh there; the store is s.db.
class WholeStudy {
 public:
  explicit WholeStudy(const std::string& trainer, const std::string& settings) {
    WriteTrainer(trainer);
    WriteStudy(settings);
  }

  const ScratchFolder& folder() const { return folder_; }
  std::string store_path() const { return folder_ / "s.db"; }
  void WriteTrainer(const std::string& trainer) { WriteAll(folder_ / "trainer.sh", trainer); }
  void WriteStudy(const std::string& settings) {
    WriteAll(folder_ / "study.toml", StudyText({"sh", "trainer.sh", "{study_dir}"}, settings));
  }
  void OpenGate() { WriteAll(folder_ / "go", ""); }

  std::unique_ptr<Job> Run(const std::string& name = "run",
                           const std::vector<std::string>& flags = {}) {
    std::vector<std::string> arguments = {kProgram, "run", "study.toml", "--store", "s.db"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return std::make_unique<Job>(folder_, name, std::move(arguments));
  }
  /// The same under a shell's "ulimit -f 200", "trap '' HUP", ...
  std::unique_ptr<Job> RunAfter(const std::string& shell, const std::string& redirections = "") {
    return std::make_unique<Job>(
        folder_, "run",
        std::vector<std::string>{"sh", "-c",
                                 fmt::format("{}; exec {} run study.toml --store s.db {}", shell,
                                             kProgram, redirections)});
  }

  // What the store holds, read anew each time. Empty while there is no store yet.
  std::vector<Trial> Trials() const {
    const auto store = Open();
    return store ? Require(store->LoadTrials(1)) : std::vector<Trial>{};
  }
  TrialCounts Counts() const {
    const auto store = Open();
    return store ? Require(store->CountTrials(1)) : TrialCounts{};
  }
  std::vector<Attempt> Attempts(AttemptState state) const {
    const auto store = Open();
    std::vector<Attempt> attempts;
    if (store) attempts = Require(store->LoadAttempts(1));
    std::erase_if(attempts, [&](const Attempt& attempt) { return attempt.state != state; });
    return attempts;
  }
  std::vector<Trial> Finished() const {
    auto trials = Trials();
    std::erase_if(trials, [](const Trial& trial) { return !IsFinished(trial.state); });
    return trials;
  }

 private:
  std::unique_ptr<StudyStore> Open() const {
    auto store = OpenSqliteStore(store_path(), OpenMode::kRead);
    if (!store) return nullptr;
    auto studies = (*store)->ListStudies();
    if (!studies || studies->empty()) return nullptr;
    return std::move(*store);
  }

  ScratchFolder folder_;
};

/// Whether joules are recorded for every one of the attempts.
inline bool AllHaveJoules(const std::vector<Attempt>& attempts) {
  return std::all_of(attempts.begin(), attempts.end(), [](const Attempt& attempt) {
    const PhaseEnergy* total = FindPhase(attempt.energy, kTotalPhase);
    return total != nullptr && total->figure && total->figure->joules > Joules(0);
  });
}

/// What must never change once a trial is finished.
inline void CheckUnchanged(const std::vector<Trial>& before, const std::vector<Trial>& now) {
  for (const Trial& trial : before) {
    const Trial& same = now.at(static_cast<std::size_t>(trial.number));
    INFO("trial " << trial.number);
    CHECK(Name(same.state) == Name(trial.state));
    CHECK(same.values == trial.values);
    CHECK(same.energy == trial.energy);
    CHECK(same.configuration == trial.configuration);
    CHECK(same.attempts == trial.attempts);
    CHECK(same.revision == trial.revision);
  }
}

}  // namespace joulefront
