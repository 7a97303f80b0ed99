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

  /// Reads what is wanted, and publishes it. What goes wrong is published too.
  void Look();

 private:
  Result<void> LookAtAll(const std::set<std::string>& wanted);
  Result<void> LookAt(const StudyEntry& entry, const std::set<std::string>& wanted);

  StudyStore& store_;
  Topics& topics_;
  std::map<std::string, ReportRecords> watched_;
  std::map<std::string, std::set<std::string>> published_;  // topics of the present records
};

/// Looks, and rests a hundred times as long as that took of the processor, at least two seconds or
/// until something new is wanted, until the topics are closed: so watching takes a hundredth of a
/// core at most, however large the study.
void KeepLooking(StudyReader& reader, Topics& topics);

}  // namespace joulefront
