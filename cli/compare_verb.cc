#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/table.h"
#include "study_store/comparison.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Shows what moved from one study to another: before and after a change, or the same study on\n"
    "two machines. Configurations that both trained are compared one by one, with an interval for\n"
    "the change of each objective; the fronts by hypervolume, dominance, and what they pay for as\n"
    "much of the other objective.\n\n"
    "examples:\n"
    "  joulefront compare before.db after.db\n"
    "  joulefront compare lab.db --study-a laptop --study-b server --mix";

struct Opened {
  OpenedStudy study;
  std::vector<Trial> trials;
  StudyStore::Spent spent;
};

Result<Opened> Open(const std::string& where, const std::optional<std::string>& name,
                    const char* flag) {
  auto study = OpenStudy(where, name, OpenMode::kRead, flag);
  if (!study) return Pass(study);
  auto trials = study->store->LoadTrials(study->id);
  if (!trials) return Pass(trials);
  auto spent = study->store->EnergySpent(study->id);
  if (!spent) return Pass(spent);
  return Opened{std::move(*study), std::move(*trials), std::move(*spent)};
}

std::string SideText(const char* side, const Opened& opened) {
  std::size_t complete = 0;
  for (const Trial& trial : opened.trials) complete += trial.state == TrialState::kComplete;
  return fmt::format("{}  study '{}' in {}: {} complete trials, {}\n", side,
                     opened.study.study.name, opened.study.path, complete,
                     opened.spent.weakest ? fmt::format("{} {}", FormatJoules(opened.spent.joules),
                                                        Name(*opened.spent.weakest))
                                          : "no joules metered");
}

std::string Signed(double number) { return (number > 0 ? "+" : "") + FormatNumber(number); }

Table ChangeTable(const Comparison& comparison) {
  Table table{.header = {"objective", "pairs", "B to A", "interval", ""},
              .rows = {},
              .left = {true, false, false, false, true}};
  for (const Change& change : comparison.changes) {
    const auto show = [&](double number) {
      return change.ratio ? "x " + FormatNumber(number) : Signed(number);
    };
    std::string verdict = !change.from      ? "one pair says nothing of how sure this is"
                          : !change.clear() ? "not clear"
                          : (change.ratio ? change.mean > 1.0 : change.mean > 0.0)
                              ? "clearly higher"
                              : "clearly lower";
    if (change.key_a != change.key_b) verdict += " (of other meters or machines)";
    table.rows.push_back(
        {change.objective, std::to_string(change.pairs), show(change.mean),
         change.from ? fmt::format("{} to {}", show(*change.from), show(*change.to)) : "?",
         verdict});
  }
  return table;
}

std::string FrontsText(const Comparison& comparison, const Study& study) {
  if (!comparison.fronts) return "fronts are not compared: " + comparison.why_no_fronts + "\n";
  const FrontComparison& fronts = *comparison.fronts;
  std::vector<std::string> reference;
  for (const double r : fronts.reference_point) reference.push_back(FormatNumber(r));
  std::string text = fmt::format(
      "fronts (one search each: how much of a difference is chance is not known)\n"
      "  hypervolume  A {}, B {} to reference ({})\n"
      "  dominated    {:.0f} % of A's front by B's, {:.0f} % of B's by A's\n",
      FormatNumber(fronts.hypervolume_a), FormatNumber(fronts.hypervolume_b),
      fmt::join(reference, ", "), 100 * fronts.dominated_a, 100 * fronts.dominated_b);
  if (fronts.price_ratio) {
    const std::size_t paid = PaidObjective(study);
    text += fmt::format(
        "  price        for as good {} B pays x {} of A's {}: median over {} points "
        "of A's front\n",
        study.objectives[1 - paid].name, FormatNumber(*fronts.price_ratio, 3),
        study.objectives[paid].name, fronts.levels);
  }
  return text;
}

std::string MakeText(const Opened& a, const Opened& b, const Comparison& comparison,
                     double confidence) {
  std::string text = SideText("A", a) + SideText("B", b) + "\n";
  if (comparison.changes.empty()) {
    text += "no configuration was trained to the end in both\n\n";
  } else {
    text += fmt::format("configurations trained in both (intervals of {} %):\n\n{}\n",
                        FormatNumber(100 * confidence), FormatTable(ChangeTable(comparison)));
  }
  for (const Change& change : comparison.changes) {
    if (change.key_a == change.key_b) continue;
    text += fmt::format("{} of A is {}; of B {}\n\n", change.objective, change.key_a, change.key_b);
  }
  for (const auto& [side, names] :
       {std::pair{"A", &comparison.only_a}, {"B", &comparison.only_b}}) {
    if (names->empty()) continue;
    text += fmt::format("objectives of {} alone: {}\n", side, fmt::join(*names, ", "));
  }
  return text + FrontsText(comparison, a.study.study);
}

std::string MakeJson(const Comparison& comparison, double confidence) {
  ordered_json changes = ordered_json::array();
  for (const Change& change : comparison.changes) {
    changes.push_back({{"objective", change.objective},
                       {"kind", change.ratio ? "ratio" : "difference"},
                       {"pairs", change.pairs},
                       {"mean", change.mean},
                       {"from", change.from ? ordered_json(*change.from) : ordered_json()},
                       {"to", change.to ? ordered_json(*change.to) : ordered_json()},
                       {"clear", change.clear()},
                       {"key_a", change.key_a},
                       {"key_b", change.key_b}});
  }
  ordered_json fronts;
  if (comparison.fronts) {
    const FrontComparison& of = *comparison.fronts;
    fronts = {{"hypervolume_a", of.hypervolume_a},
              {"hypervolume_b", of.hypervolume_b},
              {"reference_point", of.reference_point},
              {"dominated_a", of.dominated_a},
              {"dominated_b", of.dominated_b},
              {"price_ratio", of.price_ratio ? ordered_json(*of.price_ratio) : ordered_json()},
              {"levels", of.levels}};
  }
  return ordered_json({{"confidence", confidence},
                       {"changes", changes},
                       {"only_a", comparison.only_a},
                       {"only_b", comparison.only_b},
                       {"fronts", fronts},
                       {"why_no_fronts", comparison.why_no_fronts}})
             .dump(2) +
         "\n";
}

}  // namespace

int CompareVerb(const Arguments& arguments) {
  VerbOptions options("compare A [B] [flags]", kAbout);
  options.options().add_options()("study-a", po::value<std::string>(),
                                  "which study of A, if it has several")(
      "study-b", po::value<std::string>(), "which study of B (default: B is A)")(
      "confidence", po::value<double>()->default_value(0.95, "0.95"), "of the intervals")(
      "mix", "compare fronts whose joules are of different meters or machines")(
      "format", po::value<std::string>()->default_value("table"), "table, json or csv");
  if (const auto code = options.Parse(arguments, 2)) return *code;
  const auto format = options.OneOf("format", {"table", "json", "csv"});
  if (!format) return options.Refuse(format.error().message);
  const double confidence = *options.Get<double>("confidence");
  if (!(confidence > 0.0 && confidence < 1.0)) {
    return options.Refuse("--confidence lies between 0 and 1");
  }
  if (options.positional().empty()) return options.Refuse("name two stores to compare");
  const std::string& where_b = options.positional().back();
  if (options.positional().size() == 1 && !options.Has("study-b")) {
    return options.Refuse("name a second store, or another study of the same: --study-b NAME");
  }
  const auto a = Open(options.positional()[0], options.Get("study-a"), "--study-a");
  if (!a) return Complain("compare", a.error());
  const auto b = Open(where_b, options.Get("study-b"), "--study-b");
  if (!b) return Complain("compare", b.error());
  const Comparison comparison = Compare({a->study.study, a->trials}, {b->study.study, b->trials},
                                        confidence, options.Has("mix") ? Mix::kYes : Mix::kNo);
  const std::string data = *format == "json"  ? MakeJson(comparison, confidence)
                           : *format == "csv" ? FormatCsv(ChangeTable(comparison))
                                              : MakeText(*a, *b, comparison, confidence);
  if (!PrintData(data)) return kRunTimeFailure;
  return comparison.changes.empty() && !comparison.fronts ? kNothingFeasible : kDone;
}

}  // namespace joulefront
