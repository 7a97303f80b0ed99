#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <string>

#include "objectives/bad_input.h"
#include "objectives/dataset.h"

using namespace joulefront::objectives;
using Catch::Matchers::Contains;

namespace {

/// A file in the temporary folder that goes away with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    char path[] = "/tmp/joulefront_csv_XXXXXX";
    const int file = mkstemp(path);
    REQUIRE(file >= 0);
    close(file);
    path_ = path;
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~TemporaryFile() { std::remove(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Dataset Read(const std::string& content, const std::string& label = "") {
  return ReadDataset({{TemporaryFile(content).path()}, "", label});
}

Dataset ReadLike(const Dataset& reference, const std::string& content) {
  return ReadDatasetLike(reference, {{TemporaryFile(content).path()}, "", ""});
}

std::vector<std::string> Names(const Dataset& data) {
  std::vector<std::string> names;
  for (const Column& column : data.columns) names.push_back(column.name);
  return names;
}

std::string Problem(const std::string& content, const std::string& label = "") {
  try {
    Read(content, label);
  } catch (const BadInput& error) {
    return error.what();
  }
  return "no problem";
}

}  // namespace

TEST_CASE("a table holds the numbers row by row and its classes sorted", "[objectives]") {
  const Dataset table = Read("a,label,b\n1,dog,2.5\n-3e2,cat,+4\n0,dog,6\n");
  CHECK(Names(table) == std::vector<std::string>{"a", "b"});
  CHECK(table.features == std::vector<float>{1, 2.5F, -300, 4, 0, 6});
  CHECK(table.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(table.labels == std::vector<std::int64_t>{1, 0, 1});
}

TEST_CASE("the label is the column asked for, else the one named label, else the last",
          "[objectives]") {
  CHECK(Names(Read("label,a,b\n1,2,3\n")) == std::vector<std::string>{"a", "b"});
  CHECK(Names(Read("x,a,b\n1,2,3\n")) == std::vector<std::string>{"x", "a"});
  CHECK(Names(Read("label,a,b\n1,2,3\n", "a")) == std::vector<std::string>{"label", "b"});
}

TEST_CASE("quotes, CRLF, spaces, blank lines and a byte order mark are read through",
          "[objectives]") {
  const Dataset table =
      Read("\xEF\xBB\xBF\"a, \"\"b\"\"\" , label\r\n\r\n 1 ,\"x, y\"\r\n\"2\", z\r\n\r\n");
  CHECK(Names(table) == std::vector<std::string>{"a, \"b\""});
  CHECK(table.features == std::vector<float>{1, 2});
  CHECK(table.classes == std::vector<std::string>{"x, y", "z"});
}

TEST_CASE("a last line without a line end is a row", "[objectives]") {
  CHECK(Read("a,label\n1,x\n2,y").rows() == 2);
}

TEST_CASE("numbers too small for a float become zero", "[objectives]") {
  CHECK(Read("a,label\n1e-300,x\n").features == std::vector<float>{0});
}

TEST_CASE("what is wrong with a file is said with its line", "[objectives]") {
  CHECK_THAT(Problem("a,b,label\n1,2,x\n1,x\n"), Contains(":3: 2 fields where the header has 3"));
  CHECK_THAT(Problem("a,b,label\n1,2,x,\n"), Contains(":2: 4 fields"));
  CHECK_THAT(Problem("a,label\ninf,x\n"), Contains("'inf' is not a finite number"));
  CHECK_THAT(Problem("a,label\n1e39,x\n"), Contains("'1e39' is not a finite number"));
  CHECK_THAT(Problem("a,label\n1,\n"), Contains(":2: the label is empty"));
  CHECK_THAT(Problem("a,label\n\"1,x\n"), Contains(":2: a quoted field that is not closed"));
  CHECK_THAT(Problem("a,label\n\"1\"2,x\n"), Contains(":2: text after a closing quote"));
}

TEST_CASE("what is wrong with a header or a whole file is said", "[objectives]") {
  CHECK_THAT(Problem(""), Contains("empty"));
  CHECK_THAT(Problem("\n\n"), Contains("empty"));
  CHECK_THAT(Problem("a,label\n"), Contains("a header but no row"));
  CHECK_THAT(Problem("label\nx\n"),
             Contains(":1: the header needs a label and at least one other"));
  CHECK_THAT(Problem("a,a,label\n1,2,x\n"), Contains(":1: two columns are named 'a'"));
  CHECK_THAT(Problem("a,label\n1,x\n", "species"), Contains("no label column 'species'"));
  CHECK_THROWS_WITH(ReadDataset({{"/nowhere/at/all.csv"}, "", ""}),
                    Contains("/nowhere/at/all.csv: cannot"));
}

TEST_CASE("a typo in a column of numbers, and a file without a header, are told", "[objectives]") {
  std::string content = "a,label\n";
  for (int row = 0; row < 30; ++row) content += std::to_string(row) + ".5,x\n";
  CHECK_NOTHROW(Read(content + "NA,y\n"));
  CHECK_THROWS_WITH(Read(content + "0.5x,y\n"), Contains("column 'a' holds numbers and '0.5x'"));
  CHECK_NOTHROW(Read("grade,label\n1,x\n2,y\nX,x\n"));  // few numbers: categories
  CHECK_THROWS_WITH(Read("0.8,1.2,3\n1,2,0\n"), Contains("holds nothing but numbers"));
}

TEST_CASE("a column of texts has a feature for each category, and missing values are missing",
          "[objectives]") {
  const Dataset table = Read("size,colour,label\n1,red,x\n?,blue,y\n3,,x\n");
  CHECK(table.columns[0] == Column{"size", {}});
  CHECK(table.columns[1] == Column{"colour", {"blue", "red"}});
  CHECK(table.shape == std::vector<std::int64_t>{3});
  CHECK(std::isnan(table.features[3]));
  CHECK(std::vector<float>(table.features.begin() + 4, table.features.end()) ==
        std::vector<float>{1, 0, 3, 0, 0});
  CHECK_THAT(Problem("a,b,label\n1,NA,x\n2,?,y\n"), Contains("column 'b' holds no value"));
}

TEST_CASE("a test table takes columns, categories and classes of the training table",
          "[objectives]") {
  const Dataset reference = Read("a,c,label\n1,u,cat\n2,v,dog\n3,u,eel\n");
  const Dataset test = ReadLike(reference, "a,c,label\n1,v,eel\n2,w,dog\n");
  CHECK(test.labels == std::vector<std::int64_t>{2, 1});
  CHECK(test.classes == reference.classes);
  CHECK(test.features == std::vector<float>{1, 0, 1, 2, 0, 0});
  CHECK_THROWS_WITH(ReadLike(reference, "a,c,label\n1,u,fox\n"),
                    Contains("the label 'fox' does not occur"));
  CHECK_THROWS_WITH(ReadLike(reference, "b,c,label\n1,u,cat\n"), Contains("columns are not those"));
  CHECK_THROWS_WITH(ReadLike(reference, "a,c,label\ntwo,u,cat\n"),
                    Contains(":2: column 'a': 'two' is not a finite number"));
}
