// Warnings about a study's energy: an event in the store, a line for people, and the user's
// command, once for each share of the budget that is crossed, however often the study is run.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "base/result.h"
#include "study_store/store.h"

namespace joulefront {

/// Something that was told, as the user's command gets it on stdin.
struct Alert {
  std::string kind;     // "energy at 50 %"
  std::string message;  // for people
  Joules energy;        // spent
};

/// Runs [limits] on_alert, without a shell, with one JSON object on stdin, for ten seconds at the
/// most. Its failure harms nothing and comes back as text; empty if all went well or there is no
/// command.
std::string RunAlertCommand(const Study& study, const Alert& alert);

class EnergyAlerts {
 public:
  /// `say`: a line worth reading. All outlive this object.
  EnergyAlerts(StudyStore& store, StudyId id, const Study& study,
               std::function<void(const std::string&)> say)
      : store_(store), id_(id), study_(study), say_(std::move(say)) {}

  /// Tells what `spent` has crossed and was not told before. Errors: the store's.
  Result<void> Look(Joules spent, TimePoint now);

 private:
  StudyStore& store_;
  StudyId id_;
  const Study& study_;
  std::function<void(const std::string&)> say_;
  bool loaded_ = false;
  std::set<std::string> told_;  // kinds
};

}  // namespace joulefront
