#include "study_store/requirements.h"

#include <algorithm>
#include <set>

#include "study_store/configuration_json.h"
#include "study_store/placeholders.h"

namespace joulefront {
namespace {

constexpr std::uint64_t kMostKinds = 16;

std::string Described(const std::string& label, const std::string& value) {
  return label + "=" + value;
}

}  // namespace

bool RequirementsVary(const Study& study) {
  const auto& required = study.workers.requires_labels;
  return std::any_of(required.begin(), required.end(),
                     [](const auto& entry) { return !PlaceholderNames(entry.second).empty(); });
}

std::int64_t KindsOfWorkers(const Study& study) {
  std::set<std::string> parameters;
  for (const auto& [label, value] : study.workers.requires_labels) {
    for (const std::string& name : PlaceholderNames(value)) parameters.insert(name);
  }
  std::uint64_t kinds = 1;
  for (const std::string& name : parameters) {
    const auto index = study.space.IndexOf(name);
    const auto levels = index ? study.space.Levels(*index) : std::nullopt;
    kinds = std::min(kMostKinds, kinds * std::min(kMostKinds, levels.value_or(kMostKinds)));
  }
  return static_cast<std::int64_t>(kinds);
}

std::optional<std::string> MissingForStudy(const Study& study,
                                           const std::map<std::string, std::string>& labels) {
  for (const auto& [label, value] : study.workers.requires_labels) {
    const auto own = labels.find(label);
    const bool varies = !PlaceholderNames(value).empty();
    if (own == labels.end() || (!varies && own->second != value)) return Described(label, value);
  }
  return std::nullopt;
}

std::optional<std::string> MissingForTrial(const Study& study, const std::string& configuration,
                                           const std::map<std::string, std::string>& labels) {
  for (const auto& [label, pattern] : study.workers.requires_labels) {
    const std::string value = ReplacePlaceholders(
        pattern, [&](const std::string& name) { return ValueText(configuration, name); });
    const auto own = labels.find(label);
    if (!value.empty() && (own == labels.end() || own->second != value)) {
      return Described(label, value);
    }
  }
  return std::nullopt;
}

}  // namespace joulefront
