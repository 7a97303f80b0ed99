// The front for papers and pages: --format latex, markdown and svg.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "base/files.h"
#include "tests/cli/command.h"
#include "tests/cli/sample_store.h"

namespace joulefront {
namespace {

using Catch::Contains;

const std::string kGolden = JOULEFRONT_SOURCE_DIR "/tests/cli/golden/";

std::string Exported(const Workshop& shop, const std::string& store, const std::string& format) {
  const Outcome outcome = shop.Run({"export", store, "--format", format});
  CHECK(outcome.code == 0);
  CHECK(outcome.err == "");
  return outcome.out;
}

TEST_CASE("the front as LaTeX, Markdown and SVG is as it was") {
  const Workshop shop;
  MakeDigitsStore(shop / "digits.db");
  for (const auto& [format, file] :
       {std::pair{"latex", "front.tex"}, {"markdown", "front.md"}, {"svg", "front.svg"}}) {
    CAPTURE(file);  // to write it anew: JOULEFRONT_GOLDEN=1 test_cli "*as it was"
    if (std::getenv("JOULEFRONT_GOLDEN")) {
      std::ofstream(kGolden + file) << Exported(shop, "digits.db", format);
    }
    CHECK(Exported(shop, "digits.db", format) == ReadFile(kGolden + file).value_or("none"));
  }
}

TEST_CASE("names from outside stay text in LaTeX, Markdown and SVG") {
  const Workshop shop;
  Study study = DigitsStudy();
  // Markup of all three, a control character, and a mark that turns the direction of writing.
  study.objectives[0].unit = "</text><script>x</script>|`$\\input{x}&\"\x01\xE2\x80\xAE";
  MakeDigitsStore(shop / "d.db", study);
  const std::string svg = Exported(shop, "d.db", "svg");
  CHECK_THAT(svg, Contains("[&#60;/text&#62;&#60;script&#62;x&#60;/script&#62;"));
  CHECK_THAT(svg, !Contains("<script"));
  CHECK_THAT(svg, Contains("&#38;&#34;??"));
  const std::string markdown = Exported(shop, "d.db", "markdown");
  CHECK_THAT(markdown, Contains("&#60;script&#62;x&#60;/script&#62;&#124;&#96;&#36;&#92;input"));
  const std::string latex = Exported(shop, "d.db", "latex");
  CHECK_THAT(latex, Contains("\\textbar{}`\\$\\textbackslash{}input\\{x\\}\\&"));
  for (const std::string& text : {svg, markdown, latex}) {
    CHECK_THAT(text, !Contains("\x01"));
    CHECK_THAT(text, !Contains("\xE2\x80\xAE"));
  }
}

TEST_CASE("without a front the figure and the tables say so") {
  const Workshop shop;
  MakeEmptyStore(shop / "empty.db");
  CHECK_THAT(Exported(shop, "empty.db", "svg"), Contains("no complete and feasible trial"));
  CHECK_THAT(Exported(shop, "empty.db", "markdown"), Contains("0 of 0 complete trials"));
  CHECK_THAT(Exported(shop, "empty.db", "latex"), Contains("0 of 0 complete trials"));
}

}  // namespace
}  // namespace joulefront
