#include "cli/study_reader.h"

#include <time.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/html_report.h"
#include "cli/report_json.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;
using std::chrono::milliseconds;

// Trials that a page of a large study gets.
constexpr std::size_t kMostRows = 4000;
// Viewers ask again at least so often.
constexpr milliseconds kStillWanted{15'000};
constexpr milliseconds kShortestRest{2'000};
constexpr int kRestFactor = 100;

/// Of the present thread.
milliseconds ProcessorTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return milliseconds(time.tv_sec * 1000 + time.tv_nsec / 1'000'000);
}

}  // namespace

std::string StandingTopic(const std::string& study) { return "standing " + study; }
std::string FrontTopic(const std::string& study) { return "front " + study; }
std::string ReportTopic(const std::string& study) { return "report " + study; }

std::vector<std::string> StudiesIn(Topics& topics) {
  Topics::Seen seen = {{kStudiesTopic, 0}};
  const auto news = topics.Wait(seen, milliseconds(0));
  if (news.empty()) return {};
  return ordered_json::parse(news.front().second).get<std::vector<std::string>>();
}

void StudyReader::Look() {
  std::string trouble;
  try {
    const auto looked = LookAtAll(topics_.Wanted(kStillWanted));
    if (!looked) trouble = looked.error().message;
  } catch (const ordered_json::exception& fault) {  // of what is stored as JSON
    trouble = std::string("it is damaged: ") + fault.what();
  }
  topics_.Publish(kTroubleTopic, JsonText(trouble));
}

Result<void> StudyReader::LookAtAll(const std::set<std::string>& wanted) {
  auto studies = store_.ListStudies();
  if (!studies) return Pass(studies);
  ordered_json names = ordered_json::array();
  for (const StudyEntry& entry : *studies) names.push_back(entry.name);
  topics_.Publish(kStudiesTopic, JsonText(names));
  for (const StudyEntry& entry : *studies) JF_TRY(LookAt(entry, wanted));
  return {};
}

Result<void> StudyReader::LookAt(const StudyEntry& entry, const std::set<std::string>& wanted) {
  const bool report = wanted.contains(ReportTopic(entry.name));
  const bool front = wanted.contains(FrontTopic(entry.name));
  if (!report && !front) {
    watched_.erase(entry.name);  // and its memory
    published_.erase(entry.name);
    return {};
  }
  auto known = watched_.find(entry.name);
  if (known == watched_.end()) {
    auto study = store_.LoadStudy(entry.id);
    if (!study) return Pass(study);
    auto loaded = LoadReportRecords(store_, entry.id, *study);
    if (!loaded) return Pass(loaded);
    known = watched_.emplace(entry.name, std::move(*loaded)).first;
  } else {
    auto changed = RefreshReportRecords(store_, entry.id, known->second);
    if (!changed) {
      watched_.erase(known);
      published_.erase(entry.name);
      return Pass(changed);
    }
    if (*changed) published_.erase(entry.name);
  }
  auto& published = published_[entry.name];
  const ReportRecords& records = known->second;
  topics_.Publish(StandingTopic(entry.name), JsonText(StandingJson(records)));
  if (front && published.insert(FrontTopic(entry.name)).second) {
    topics_.Publish(FrontTopic(entry.name), JsonText(FrontBesideJson(records)));
  }
  if (report && published.insert(ReportTopic(entry.name)).second) {
    topics_.Publish(ReportTopic(entry.name), JsonText(ReportJson(records, kMostRows)));
  }
  return {};
}

void KeepLooking(StudyReader& reader, Topics& topics) {
  while (!topics.closed()) {
    const milliseconds before = ProcessorTime();
    reader.Look();
    topics.WaitForWish(std::max(kShortestRest, kRestFactor * (ProcessorTime() - before)));
  }
}

}  // namespace joulefront
