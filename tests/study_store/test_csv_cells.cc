#include <catch2/catch.hpp>

#include "study_store/csv_cells.h"

namespace joulefront {
namespace {

std::vector<std::string> CellsOf(const std::string& line) {
  const auto rows = SplitCsv(line);
  REQUIRE(rows);
  REQUIRE(rows->size() == 1);
  return rows->front().cells;
}

TEST_CASE("No text of a CSV is computed by a program that opens it, and each comes back") {
  const std::vector<std::string> texts = {"=1+1",        "+cmd|' /C calc'!A0",
                                          "-2+3",        "@SUM(A1)",
                                          "\t=1",        "\r=1",
                                          "a\nb",        "bell\a",
                                          "\"quoted\"",  "say \"hi\", she",
                                          "plain",       "it's",
                                          "'=1",         "-",
                                          "\u202eabc",   "a,b",
                                          "1e5",         "\"",
                                          "\"=1\"",      "=\"a\"",
                                          "back\\slash", "\xC3\xA4"};
  for (const std::string& text : texts) {
    INFO(text);
    const std::string line = CsvLine({"first", TextCell(text), "last"});
    const auto cells = CellsOf(line);
    REQUIRE(cells.size() == 3);
    CHECK(TextIn(cells[1]).value_or(cells[1]) == text);
    CHECK(std::string_view("=+-@\t\r").find(cells[1].front()) == std::string::npos);
    CHECK(line.find_first_of("\a\t\r") == std::string::npos);
  }
}

TEST_CASE("Numbers stand in CSV as they are, whatever their sign") {
  CHECK(CsvLine({"-0.5", "+3", "-1e-300", "-inf", ""}) == "-0.5,+3,-1e-300,-inf,\n");
}

TEST_CASE("A text that would be taken for a value or for none may be quoted") {
  CHECK(QuotedText("") == "\"\"");
  CHECK(CsvLine({QuotedText(""), QuotedText("1")}) == "\"\"\"\"\"\",\"\"\"1\"\"\"\n");
  CHECK(TextIn("\"1\"") == "1");
  CHECK_FALSE(TextIn("1"));
  CHECK_FALSE(TextIn("\"open"));
}

}  // namespace
}  // namespace joulefront
