// The reports of `joulefront gate`: their whole text, and that foreign text does no harm in them.
#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/gate_report.h"
#include "cli/harmless_text.h"
#include "tests/cli/command.h"
#include "tests/cli/golden.h"

namespace joulefront {
namespace {

const MeteredValue kEstimated{.phase = "train",
                              .per = std::nullopt,
                              .key = {.energy_class = EnergyClass::kEstimated,
                                      .source = "cpu-time",
                                      .boundary = "cpu",
                                      .attribution = "process-tree",
                                      .idle_policy = "excluded",
                                      .host = "a machine"}};

GateRow Row(const std::string& name, const std::optional<GateLimit>& limit, double change,
            GateVerdict verdict) {
  return {.value = {.name = name},
          .metered = std::nullopt,
          .limit = limit,
          .baseline = {1.0, 1.0, 1.0},
          .now = {1.0 + change, 1.0 + change, 1.0 + change},
          .comparison = {.repeats = 3,
                         .relative = !limit || limit->relative,
                         .change = change,
                         .low = change - 0.01,
                         .high = change + 0.01,
                         .verdict = verdict}};
}

/// A value of each verdict.
GateReport Sample() {
  GateReport report{.subject = "python3 train.py",
                    .baseline_path = "gate.json",
                    .baseline_made = "2026-11-27T14:30:00Z",
                    .took = Seconds(12.5),
                    .rows = {Row("energy", GateLimit{0.03, true}, 0.1, GateVerdict::kWorse),
                             Row("error", GateLimit{0.05, false}, 0.001, GateVerdict::kHolds),
                             Row("accuracy", GateLimit{0.01, true}, 0.02, GateVerdict::kHolds),
                             Row("loss", GateLimit{0.01, true}, 0.005, GateVerdict::kUnclear),
                             Row("parameters", std::nullopt, 0.0, GateVerdict::kNoLimit)},
                    .notes = {"the baseline has 3 repeats, so no more are made"}};
  report.rows[0].value = {.name = "energy", .phase = "train", .unit = "J"};
  report.rows[0].metered = kEstimated;
  report.rows[2].value.direction = Direction::kMaximize;
  report.rows[3].comparison.low = -std::numeric_limits<double>::infinity();
  return report;
}

GateReport Failure() {
  GateReport report = Sample();
  for (GateRow& row : report.rows) row.now.clear();
  report.failure = "exit status 1; its last line: ]]> it | `broke` <b>";
  report.output =
      "loading\n<script>alert(1)</script>\n```\n# not a heading\nit | `broke` <b> & ]]>\n";
  return report;
}

const std::string kHostile =
    "</testcase>'\"&<img src=x onerror=alert(1)>\n| a | `b` | [c](http://d.example) @team #1 "
    "\x1b[31m\x01\xe2\x80\xae\xd8\x9c\xef\xbf\xbf\xff$(rm -rf ~)";

GateReport Hostile() {
  GateReport report = Sample();
  report.subject = kHostile;
  report.baseline_path = kHostile;
  report.notes = {kHostile};
  report.rows[1].value.name = kHostile;
  report.rows[1].value.unit = kHostile;
  report.rows[0].metered->key.host = kHostile;
  return report;
}

std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

/// What Python's parser makes of it: tags, and the names of the test cases.
Outcome ParseXml(const std::string& xml) {
  const Workshop shop;
  shop.Write("r.xml", xml);
  return shop.Shell(
      "python3 -c \"import xml.etree.ElementTree as e\n"
      "for x in e.parse('r.xml').getroot().iter(): print(x.tag, ascii(x.get('name', '')))\"");
}

TEST_CASE("the gate's reports are as they were agreed on") {
  CheckGolden("gate.txt", GateText(Sample()));
  CheckGolden("gate.md", GateMarkdown(Sample()));
  CheckGolden("gate.xml", GateJunit(Sample()));
  CheckGolden("gate.json", GateJson(Sample()));
  CheckGolden("gate_failed.md", GateMarkdown(Failure()));
  CheckGolden("gate_failed.xml", GateJunit(Failure()));
}

TEST_CASE("the exit code is that of the worst value, and strict takes unclear for worse") {
  GateReport report = Sample();
  CHECK(GateExitCode(report) == 3);
  report.rows.erase(report.rows.begin());
  CHECK(OverallVerdict(report) == GateVerdict::kUnclear);
  CHECK(GateExitCode(report) == 0);
  CHECK_THAT(GateJunit(report), Catch::Contains("<skipped"));
  report.strict = true;
  CHECK(GateExitCode(report) == 3);
  CHECK_THAT(GateJunit(report), Catch::Contains("<failure"));
  report.rows.erase(report.rows.begin() + 2);
  CHECK(GateHeadline(report) == "holds");
  CHECK(GateExitCode(report) == 0);
  CHECK(GateExitCode(Failure()) == 1);
}

TEST_CASE("JUnit XML is well formed whatever names and output hold") {
  const Outcome parsed = ParseXml(GateJunit(Hostile()));
  CHECK(parsed.err == "");
  CHECK(CountOf(parsed.out, "testcase ") == 4);
  CHECK(CountOf(parsed.out, "img") == 1);  // in the name, as text
  const Outcome failed = ParseXml(GateJunit(Failure()));
  CHECK(failed.err == "");
  CHECK(failed.out ==
        "testsuites ''\ntestsuite 'joulefront gate'\ntestcase 'run'\nerror ''\n"
        "system-out ''\n");
}

TEST_CASE("in Markdown, names mark up nothing and break no table") {
  const std::string markdown = GateMarkdown(Hostile());
  for (const char* mark :
       {"<", ">", "`", "[", "]", "*", "@", "$", "\x1b", "\xe2\x80\xae", "\xd8\x9c", "http:"}) {
    CAPTURE(mark);
    CHECK(CountOf(markdown, mark) == 0);
  }
  std::istringstream lines(markdown);
  std::size_t rows = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|")) continue;
    ++rows;
    CHECK(CountOf(line, "|") == 8);
  }
  CHECK(rows == 7);
  // Output is code: every line of it is indented, and none is blank, which would end a list.
  const std::string failed = GateMarkdown(Failure());
  CHECK_THAT(failed, Catch::Contains("\n    <script>alert(1)</script>\n    ```\n"));
}

TEST_CASE("JSON of hostile names reads back, and what is unknown is null") {
  const auto json = nlohmann::json::parse(GateJson(Hostile()));
  CHECK(json["values"].size() == 5);
  CHECK(json["values"][3]["low"].is_null());
  CHECK(json["values"][4]["limit"].is_null());
  GateReport report = Sample();
  report.rows[0].comparison = {};
  report.rows[0].now.clear();
  const auto none = nlohmann::json::parse(GateJson(report));
  CHECK(none["values"][0]["change"].is_null());
  CHECK_THAT(GateText(report), Catch::Contains("energy        1.00 J      ?        ?"));
}

TEST_CASE("text is made harmless without losing what can be read") {
  CHECK(MarkdownText("a|b") == "a&#124;b");
  CHECK(MarkdownText("energy: 0.5 J, -3 %") == "energy: 0.5 J, -3 %");
  CHECK(MarkdownText("www.example.org") == "www&#46;example&#46;org");
  CHECK(XmlText("a<b & \"c\"") == "a&#60;b &#38; &#34;c&#34;");
  CHECK(PlainLine("größer \xe2\x80\x8f\xef\xbb\xbf"
                  "5\n€") == "größer ??5?€");
}

}  // namespace
}  // namespace joulefront
