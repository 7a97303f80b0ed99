#include "cli/study_reader.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/files.h"
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
constexpr milliseconds kNewsLast{60'000};
// A look is followed by a rest of so many times what it took of the processor: a two-hundredth of a
// core. What goes through all trials comes again after so many times, a hundredth.
constexpr int kLookFactor = 200, kReportFactor = 100;

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

Result<std::unique_ptr<StudyReader>> StudyReader::Open(const std::string& store_path,
                                                       Topics& topics) {
  std::unique_ptr<StudyReader> reader(new StudyReader(store_path, topics));
  JF_TRY(reader->FollowStore());
  return reader;
}

Result<void> StudyReader::FollowStore() {
  const auto identity = IsPostgresUrl(store_path_) ? store_identity_ : FileIdentity(store_path_);
  if (store_ != nullptr && identity == store_identity_) return {};
  if (store_ != nullptr && identity == std::pair<std::uint64_t, std::uint64_t>{}) {
    return Fail(ErrorCode::kNotFound,
                fmt::format("The store '{}' was moved or removed: this is how things stood then. "
                            "Looking for it again ...",
                            store_path_));
  }
  auto opened = OpenStore(store_path_, OpenMode::kRead);
  if (!opened) return Pass(opened);
  if (store_ != nullptr) {
    watched_.clear();
    news_ =
        fmt::format("The store '{}' was replaced by another: this is the new one.", store_path_);
    news_until_ = Topics::Clock::now() + kNewsLast;
  }
  store_ = std::move(*opened);
  store_identity_ = identity;
  return {};
}

milliseconds StudyReader::Look() {
  looked_ = milliseconds(0);
  std::string trouble;
  try {
    const auto looked = LookAtAll(topics_.Wanted(kStillWanted));
    if (!looked) {
      const bool gone = looked.error().code == ErrorCode::kNotFound;
      trouble = (gone ? "" : "The store cannot be read now: ") + looked.error().message;
    }
  } catch (const ordered_json::exception& fault) {  // of what is stored as JSON
    trouble = std::string("The store cannot be read now: it is damaged: ") + fault.what();
  }
  if (trouble.empty() && Topics::Clock::now() < news_until_) trouble = news_;
  topics_.Publish(kTroubleTopic, JsonText(trouble));
  return std::max(kShortestRest, kLookFactor * looked_);
}

Result<void> StudyReader::LookAtAll(const std::set<std::string>& wanted) {
  JF_TRY(FollowStore());
  auto studies = store_->ListStudies();
  if (!studies) return Pass(studies);
  ordered_json names = ordered_json::array();
  for (const StudyEntry& entry : *studies) names.push_back(entry.name);
  topics_.Publish(kStudiesTopic, JsonText(names));
  for (const StudyEntry& entry : *studies) JF_TRY(LookAt(entry, wanted));
  return {};
}

Result<void> StudyReader::LookAt(const StudyEntry& entry, const std::set<std::string>& wanted) {
  if (!wanted.contains(ReportTopic(entry.name)) && !wanted.contains(FrontTopic(entry.name))) {
    watched_.erase(entry.name);  // and its memory
    return {};
  }
  auto watched = Watch(entry);
  if (!watched) {
    watched_.erase(entry.name);
    return Pass(watched);
  }
  topics_.Publish(StandingTopic(entry.name), JsonText(StandingJson((*watched)->report)));
  PublishAll(entry.name, wanted, **watched);
  return {};
}

Result<StudyReader::Watched*> StudyReader::Watch(const StudyEntry& entry) {
  auto known = watched_.find(entry.name);
  if (known != watched_.end() &&
      (known->second.entry.id != entry.id || known->second.entry.created != entry.created)) {
    watched_.erase(known);  // begun again under the same name
    known = watched_.end();
  }
  if (known == watched_.end()) {
    auto study = store_->LoadStudy(entry.id);
    if (!study) return Pass(study);
    auto loaded = LoadReportRecords(*store_, entry.id, *study);
    if (!loaded) return Pass(loaded);
    loaded->store_path = store_path_;
    return &watched_.emplace(entry.name, Watched{entry, std::move(*loaded)}).first->second;
  }
  const milliseconds before = ProcessorTime();
  auto changed = RefreshReportRecords(*store_, entry.id, known->second.report);
  if (!changed) return Pass(changed);
  if (*changed) known->second.current.clear();
  looked_ += ProcessorTime() - before;
  return &known->second;
}

void StudyReader::PublishAll(const std::string& study, const std::set<std::string>& wanted,
                             Watched& watched) {
  const bool due = Topics::Clock::now() >= watched.again;
  const milliseconds before = ProcessorTime();
  const auto publish = [&](const std::string& topic, auto make) {
    if (!wanted.contains(topic) || watched.current.contains(topic)) return;
    if (!due && watched.given.contains(topic)) return;
    topics_.Publish(topic, JsonText(make(watched.report)));
    watched.given.insert(topic);
    watched.current.insert(topic);
    watched.again = Topics::Clock::now() + kReportFactor * (ProcessorTime() - before);
  };
  publish(FrontTopic(study), FrontBesideJson);
  publish(ReportTopic(study), [](const auto& report) { return ReportJson(report, kMostRows); });
}

void KeepLooking(StudyReader& reader, Topics& topics) {
  while (!topics.closed()) topics.WaitForWish(reader.Look());
}

}  // namespace joulefront
