// Runs `joulefront-train table`, and looks at what it says.
#include <stdlib.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "objectives/bad_input.h"
#include "objectives/replay_table.h"
#include "tests/objectives/trainer_runs.h"

using namespace joulefront::objectives;
using Catch::Matchers::Contains;

namespace {

const std::string kRows =
    "model,units,err,j,err_1,err_4,err_16,j_1,j_4,j_16,note\n"
    "a,8,0.2,40,0.5,0.3,0.2,4,12,40,x\n"
    "a,800,0.1,400,0.4,0.2,0.1,40,120,400,y\n"
    "b,8,0.3,20,0.6,0.4,0.3,2,6,20,x\n";

class TableFile {
 public:
  explicit TableFile(const std::string& text) {
    REQUIRE(close(mkstemp(path_.data())) == 0);
    std::ofstream(path_, std::ios::binary) << text;
  }
  ~TableFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = "/tmp/joulefront-table-XXXXXX";
};

Outcome Ask(const std::string& configuration, const std::string& flags,
            const std::string& rows = kRows) {
  const TableFile file(rows);
  return Run(" table --file " + file.path() + " " + flags + " 2>&1",
             "JOULEFRONT_CONFIGURATION='" + configuration + "'");
}

const std::string kCurves = "--value error=err --joules j --curve error=err_ --joules-curve j_ ";

}  // namespace

TEST_CASE("a table answers with its row, its curve and its joules") {
  const Outcome outcome = Ask("{\"model\": \"a\", \"units\": 8}", kCurves);
  CHECK(outcome.code == 0);
  CHECK(outcome.output ==
        "{\"joulefront\":\"phase\",\"name\":\"train\"}\n"
        "{\"joulefront\":\"energy\",\"joules\":4.0}\n"
        "{\"joulefront\":\"progress\",\"step\":1,\"values\":{\"error\":0.5}}\n"
        "{\"joulefront\":\"energy\",\"joules\":12.0}\n"
        "{\"joulefront\":\"progress\",\"step\":4,\"values\":{\"error\":0.3}}\n"
        "{\"joulefront\":\"energy\",\"joules\":40.0}\n"
        "{\"joulefront\":\"progress\",\"step\":16,\"values\":{\"error\":0.2}}\n"
        "{\"joulefront\":\"energy\",\"joules\":40.0}\n"
        "{\"joulefront\":\"result\",\"values\":{\"error\":0.2}}\n");
}

TEST_CASE("a table's answer ends at the step that the configuration says") {
  const Outcome outcome =
      Ask("{\"model\": \"b\", \"units\": 8, \"epochs\": 4}", kCurves + "--until epochs --watts 10");
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.output,
             Catch::EndsWith("{\"joulefront\":\"energy\",\"joules\":60.0}\n"
                             "{\"joulefront\":\"progress\",\"step\":4,\"values\":{\"error\":0.4}}\n"
                             "{\"joulefront\":\"result\",\"values\":{\"error\":0.4}}\n"));
}

TEST_CASE("a configuration that a table lacks fails, or takes the nearest row") {
  const std::string asked = "{\"model\": \"a\", \"units\": 300}";
  const Outcome missing = Ask(asked, "--value error=err");
  CHECK(missing.code == 1);
  CHECK_THAT(missing.output, Contains("has no row for the configuration " + asked));
  // Units span a hundredfold, so that 300 is nearer to 800 than to 8.
  CHECK_THAT(Ask(asked, "--value error=err --nearest").output, Contains("\"error\":0.1"));
  CHECK_THAT(Ask("{\"model\": \"b\", \"units\": 70}", "--value error=err --nearest").output,
             Contains("\"error\":0.3"));
}

TEST_CASE("rows of a table may be chosen by a column's value") {
  CHECK_THAT(Ask("{\"units\": 8}", "--value error=err --where model=b").output,
             Contains("\"error\":0.3"));
  const Outcome none = Ask("{\"units\": 8}", "--value error=err --where model=c");
  CHECK(none.code == 2);
  CHECK_THAT(none.output, Contains("no row is left"));
}

TEST_CASE("what is wrong with a table or its flags is bad input, and said") {
  const std::string asked = "{\"model\": \"a\", \"units\": 8}";
  const auto problem = [&](const std::string& flags, const std::string& rows = kRows) {
    const Outcome outcome = Ask(asked, flags, rows);
    CHECK(outcome.code == 2);
    return outcome.output;
  };
  CHECK_THAT(problem(""), Contains("--value NAME=COLUMN is missing"));
  CHECK_THAT(problem("--value error"), Contains("--value: expected name=value, got 'error'"));
  CHECK_THAT(problem("--value error=nope"), Contains("there is no column 'nope'"));
  CHECK_THAT(problem("--value error=note"),
             Contains("column 'note' holds 'x', which is no number"));
  CHECK_THAT(problem("--curve error=zzz_"), Contains("no column is named 'zzz_' and a number"));
  CHECK_THAT(problem("--value error=err --until epochs"), Contains("has no number 'epochs'"));
  CHECK_THAT(problem("--value error=err --watts much"), Contains("expected a number, got 'much'"));
  CHECK_THAT(problem("--value error=err --wat 3"), Contains("unknown argument '--wat'"));
  CHECK_THAT(problem("--value error=err", ""), Contains("is empty"));
  CHECK_THAT(problem("--value error=err", "model,units,err\na,8\n"), Contains(":2: 2 fields"));
  const std::string nul(1, '\0');
  CHECK_THAT(problem("--value error=err", nul + nul + "\n" + nul + "1\n"), Contains("no column"));
  CHECK_THAT(problem("--value error=err", "model,units,err\na,8,1" + nul + "\n"),
             Contains("column 'err' holds '1"));
  CHECK_THAT(problem("--value error=err", "err,err\n1,2\n"),
             Contains("two columns are named 'err'"));
  CHECK_THAT(Run(" table --file /none --value e=e 2>&1").output, Contains("/none: cannot open"));
  CHECK_THAT(Run(" table --value e=e 2>&1").output, Contains("--file FILE is missing"));
}

TEST_CASE("a compressed table is read like a plain one, and a cut one is refused") {
  const TableFile file(kRows);
  REQUIRE(system(("gzip -k " + file.path()).c_str()) == 0);
  const std::string flags = " --where model=b --value error=err 2>&1";
  CHECK_THAT(Run(" table --file " + file.path() + ".gz" + flags).output, Contains("\"error\":0.3"));
  REQUIRE(system(("truncate -s -12 " + file.path() + ".gz").c_str()) == 0);
  const Outcome cut = Run(" table --file " + file.path() + ".gz" + flags);
  CHECK(cut.code == 2);
  CHECK_THAT(cut.output, Contains("cannot be read"));
  unlink((file.path() + ".gz").c_str());
}
