// Reads the studies of a store for the dashboard: those that somebody looks at, and only what
// changed in them. Belongs to one thread, as its store does.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/report_records.h"
#include "cli/topics.h"
#include "study_store/open_store.h"

namespace joulefront {

// Topics, as JSON: the list of studies; why the store cannot be read ("" if it can); and of a
// study, by name, where it stands, its front beside others, and all that a report shows.
inline constexpr const char* kStudiesTopic = "studies";
inline constexpr const char* kTroubleTopic = "trouble";
std::string StandingTopic(const std::string& study);
std::string FrontTopic(const std::string& study);
std::string ReportTopic(const std::string& study);

/// The names of the studies that were read; empty before that.
std::vector<std::string> StudiesIn(Topics& topics);

class StudyReader {
 public:
  /// Errors: those of OpenStore().
  static Result<std::unique_ptr<StudyReader>> Open(const std::string& store_path, Topics& topics);

  /// Reads what is wanted, and publishes it; what goes wrong is published too. Where the store was
  /// replaced, the new one is read from then on; where it is gone, that is said until it is there
  /// again. Gives how long to
  /// rest then. Of a large study the standing is published more often than what is made of all its
  /// trials.
  std::chrono::milliseconds Look();

 private:
  StudyReader(const std::string& store_path, Topics& topics)
      : store_path_(store_path), topics_(topics) {}

  struct Watched {
    StudyEntry entry;
    ReportRecords report;
    std::set<std::string> given;        // topics published so far
    std::set<std::string> current;      // those of the present records
    Topics::Clock::time_point again{};  // when all trials may be gone through again
  };

  /// Opens the store, or opens it again if another file has its name now. Errors: OpenStore()'s;
  /// kNotFound if it is gone.
  Result<void> FollowStore();
  Result<void> LookAtAll(const std::set<std::string>& wanted);
  Result<void> LookAt(const StudyEntry& entry, const std::set<std::string>& wanted);
  /// What is watched of it, up to date.
  Result<Watched*> Watch(const StudyEntry& entry);
  void PublishAll(const std::string& study, const std::set<std::string>& wanted, Watched& watched);

  const std::string store_path_;
  Topics& topics_;
  std::unique_ptr<StudyStore> store_;
  std::pair<std::uint64_t, std::uint64_t> store_identity_;  // FileIdentity(); of no database
  std::string news_;                                        // what became of the store, for a while
  Topics::Clock::time_point news_until_{};
  std::map<std::string, Watched> watched_;
  std::chrono::milliseconds looked_{0};  // of the processor, in this look, but for first readings
};

/// Looks and rests until the topics are closed. Watching takes a hundredth of a core or little
/// more, however large the study.
void KeepLooking(StudyReader& reader, Topics& topics);

}  // namespace joulefront
