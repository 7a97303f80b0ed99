// What becomes of attempts' folders once their trials are finished: [workers] keep. And how much
// they hold.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/units.h"
#include "study_store/store.h"

namespace joulefront {

/// Removes the folders of a study that its `keep` does not keep. They stay while their trial is not
/// finished, while their attempt runs, while they hold a result that the store has not taken, and,
/// where trainings are gone on with (`resumes`), while a longer training may need them. Of an
/// attempt that failed the log stays.
/// Whoever is killed at it leaves the rest to the next one.
class KeptFolders {
 public:
  /// `root` is WorkRootOf() the store; `store` and `study` outlive the object. What goes wrong is
  /// told once to `say`: no study ends for it.
  KeptFolders(StudyStore& store, StudyId id, const Study& study, const std::string& root,
              std::function<void(const std::string&)> say)
      : store_(store),
        id_(id),
        study_(study),
        folder_(root + "/" + study.name),
        say_(std::move(say)) {}

  ~KeptFolders() { Sweep(); }
  KeptFolders(const KeptFolders&) = delete;
  KeptFolders& operator=(const KeptFolders&) = delete;

  /// Removes what is not kept, following no symbolic link.
  void Sweep();
  /// The same, some seconds after the last time, if a trial was finished since: at first, by
  /// somebody before us.
  void SweepIfDue();
  void TakeFinished() { is_due_ = true; }

 private:
  using AttemptName = std::pair<TrialNumber, int>;

  Result<void> TrySweep();
  std::vector<AttemptName> Find() const;
  Result<void> Refresh();
  Result<std::set<TrialNumber>> Kept();
  bool MayBeGoneOnWith(const Trial& trial) const;
  Result<void> Remove(const AttemptName& name);

  StudyStore& store_;
  StudyId id_;
  const Study& study_;
  std::string folder_;
  std::function<void(const std::string&)> say_;
  bool is_due_ = true, told_ = false;
  Seconds next_;
  std::int64_t revision_ = 0;
  std::vector<Trial> trials_;
  std::set<AttemptName> done_;  // of which the log is left
};

struct FoldersSize {
  Bytes bytes;
  bool is_least = false;  // there is more: it was not walked to its end
};

/// The files below a folder, no links followed; empty if it is not there. Ends after so many
/// entries, or after `longest`.
std::optional<FoldersSize> SizeOfFolders(const std::string& folder,
                                         std::uint64_t most_entries = 200'000,
                                         Seconds longest = Seconds(2.0));

}  // namespace joulefront
