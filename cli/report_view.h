// What the parts of a report's data share (report_json.h).
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "cli/report_records.h"
#include "study_store/comparability.h"
#include "study_store/confirmation.h"

namespace joulefront {

/// What the study made of a trial.
enum class Place {
  kFront,
  kDominated,
  kInfeasible,
  kNotComparable,  // its joules are of another key than the front's
  kPruned,
  kFailed,
  kRunning,
  kWaiting,
};

/// When a trial was finished: as which one, and after how many joules of all attempts.
struct Finish {
  std::size_t count = 0;
  double joules = 0.0;
};

struct ReportView {
  const ReportRecords& report;
  const Study& study;
  const std::vector<Trial>& trials;       // candidates, reports of anytime trainings last
  std::vector<ConfirmedPoint> confirmed;  // what confirmations say of the front
  Front front;
  std::vector<Place> places;                    // of each candidate
  std::vector<std::optional<Finish>> finishes;  // by trial number
  std::vector<std::size_t> finish_order;        // numbers of those, in their order
  std::vector<std::size_t> rows;                // candidates that are shown, by number
};

/// Places and front; no rows yet.
ReportView ViewOf(const ReportRecords& report);

/// Whether an objective of a complete candidate is beyond the scale (LargestOnScale).
bool IsOffScale(const ReportView& view, std::size_t candidate);

/// A number to six digits, whole ones as they are; null if it is not finite.
nlohmann::ordered_json Short(double number);
nlohmann::ordered_json Short(std::optional<double> number);

/// Texts that repeat, each once.
class Labels {
 public:
  std::size_t IndexOf(const std::string& label) {
    const auto [entry, fresh] = indices_.try_emplace(label, indices_.size());
    if (fresh) labels_.push_back(label);
    return entry->second;
  }
  const nlohmann::ordered_json& labels() const { return labels_; }

 private:
  std::unordered_map<std::string, std::size_t> indices_;
  nlohmann::ordered_json labels_ = nlohmann::ordered_json::array();
};

/// [{"key", "kind", "name", "data", ...}], report_columns.cc.
nlohmann::ordered_json ColumnsJson(const ReportView& view);

/// Volume against finished trials and joules, report_energy.cc.
nlohmann::ordered_json CourseJson(const ReportView& view);
/// Joules by phase, by fate and by origin.
nlohmann::ordered_json EnergyJson(const ReportView& view);

/// Of a study without a complete trial, its failures by class, the most frequent first: how many,
/// and the last one's message and last lines of output. Null where there is none, or a trial is
/// complete: report_failures.cc.
nlohmann::ordered_json FailuresJson(const ReportView& view);

/// Sentences: what was searched and what it cost; and what is recommended for three wishes, each
/// with the row: report_words.cc.
nlohmann::ordered_json SummaryJson(const ReportView& view);
nlohmann::ordered_json WishesJson(const ReportView& view);

}  // namespace joulefront
