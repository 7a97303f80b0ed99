#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "study_store/parameter_importance.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Shows which parameters decide whether a trial is among the best tenth in an objective, as\n"
    "shares that add up to one: PED-ANOVA (Watanabe and others, 2023), less what chance would "
    "give.\n"
    "A parameter that is not always active is judged where it is. Marked * are those that decide\n"
    "more than chance would in 95 % of the cases.\n\n"
    "examples:\n"
    "  joulefront importance digits.db\n"
    "  joulefront importance digits.db --format json";

Table MakeTable(const Study& study, const std::vector<ObjectiveImportance>& importance,
                bool exact) {
  Table table{.header = {"parameter"}, .rows = {}, .left = {true}};
  for (const Objective& objective : study.objectives) {
    table.header.push_back(objective.name);
    if (exact) table.header.push_back(objective.name + "_clear");
  }
  for (std::size_t p = 0; p < study.space.size(); ++p) {
    std::vector<std::string> row = {study.space.parameters()[p].name};
    for (const ObjectiveImportance& of : importance) {
      const ParameterImportance& one = of.parameters[p];
      row.push_back(exact ? fmt::format("{}", one.share)
                          : fmt::format("{:.2f}{}", one.share, one.clear ? " *" : "  "));
      if (exact) row.push_back(one.clear ? "1" : "0");
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string MakeJson(const Study& study, const std::vector<ObjectiveImportance>& importance) {
  ordered_json objectives = ordered_json::object();
  for (std::size_t k = 0; k < importance.size(); ++k) {
    ordered_json parameters = ordered_json::object();
    for (std::size_t p = 0; p < importance[k].parameters.size(); ++p) {
      parameters[study.space.parameters()[p].name] = {{"share", importance[k].parameters[p].share},
                                                      {"clear", importance[k].parameters[p].clear}};
    }
    objectives[study.objectives[k].name] = {{"trials", importance[k].trials},
                                            {"parameters", parameters}};
    if (!importance[k].why_none.empty()) {
      objectives[study.objectives[k].name]["why_none"] = importance[k].why_none;
    }
  }
  return ordered_json({{"study", study.name}, {"method", "PED-ANOVA"}, {"importance", objectives}})
             .dump(2) +
         "\n";
}

}  // namespace

int ImportanceVerb(const Arguments& arguments) {
  VerbOptions options("importance STORE [flags]", kAbout);
  options.options().add_options()("study", po::value<std::string>(),
                                  "which study, if the store has several")(
      "format", po::value<std::string>()->default_value("table"), "table, json or csv");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  const auto format = options.OneOf("format", {"table", "json", "csv"});
  if (!format) return options.Refuse(format.error().message);
  auto opened = OpenStudy(options.positional().empty() ? "" : options.positional()[0],
                          options.Get("study"), OpenMode::kRead);
  if (!opened) return Complain("importance", opened.error());
  auto trials = opened->store->LoadTrials(opened->id);
  if (!trials) return Complain("importance", trials.error());
  const auto importance = ImportanceForObjectives(opened->study, *trials);
  if (!importance) return Complain("importance", importance.error());
  const std::size_t judged_by = importance->front().trials;
  if (importance->front().parameters.empty()) {
    PrintNote(fmt::format(
        "joulefront importance: {} complete trials whose values can be compared; it takes {}\n",
        judged_by, kLeastForImportance));
    return kNothingFeasible;
  }
  for (std::size_t k = 0; k < importance->size(); ++k) {
    const std::string& why = (*importance)[k].why_none;
    if (why.empty()) continue;
    PrintNote(fmt::format("note: no parameter stands out for {}: {}\n",
                          opened->study.objectives[k].name, why));
  }
  const std::string data =
      *format == "json" ? MakeJson(opened->study, *importance)
      : *format == "csv"
          ? FormatCsv(MakeTable(opened->study, *importance, /*exact=*/true))
          : fmt::format("study '{}': by {} complete trials\n\n{}", opened->study.name, judged_by,
                        FormatTable(MakeTable(opened->study, *importance, false)));
  return PrintData(data) ? kDone : kRunTimeFailure;
}

}  // namespace joulefront
