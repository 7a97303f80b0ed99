// Reads the studies of a store for the dashboard: those that somebody looks at, and only what
// changed in them. Belongs to one thread, as its store does.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/report_records.h"
#include "cli/topics.h"
#include "study_store/store.h"

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
  StudyReader(StudyStore& store, Topics& topics) : store_(store), topics_(topics) {}

  /// Reads what is wanted, and publishes it; what goes wrong is published too. Gives how long to
  /// rest then. Of a large study the standing is published more often than what is made of all its
  /// trials.
  std::chrono::milliseconds Look();

 private:
  struct Watched {
    ReportRecords report;
    std::set<std::string> given;        // topics published so far
    std::set<std::string> current;      // those of the present records
    Topics::Clock::time_point again{};  // when all trials may be gone through again
  };

  Result<void> LookAtAll(const std::set<std::string>& wanted);
  Result<void> LookAt(const StudyEntry& entry, const std::set<std::string>& wanted);
  /// What is watched of it, up to date.
  Result<Watched*> Watch(const StudyEntry& entry);
  void PublishAll(const std::string& study, const std::set<std::string>& wanted, Watched& watched);

  StudyStore& store_;
  Topics& topics_;
  std::map<std::string, Watched> watched_;
  std::chrono::milliseconds looked_{0};  // of the processor, in this look, but for first readings
};

/// Looks and rests until the topics are closed. Watching takes a hundredth of a core or little
/// more, however large the study.
void KeepLooking(StudyReader& reader, Topics& topics);

}  // namespace joulefront
