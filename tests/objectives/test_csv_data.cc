#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "objectives/bad_input.h"
#include "objectives/csv_data.h"

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

Table Read(const std::string& content, const std::string& label = "") {
  return ReadCsv(TemporaryFile(content).path(), label);
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
  const Table table = Read("a,label,b\n1,dog,2.5\n-3e2,cat,+4\n0,dog,6\n");
  CHECK(table.columns == std::vector<std::string>{"a", "b"});
  CHECK(table.features == std::vector<float>{1, 2.5F, -300, 4, 0, 6});
  CHECK(table.classes == std::vector<std::string>{"cat", "dog"});
  CHECK(table.labels == std::vector<std::int64_t>{1, 0, 1});
}

TEST_CASE("the label is the column asked for, else the one named label, else the last",
          "[objectives]") {
  CHECK(Read("label,a,b\n1,2,3\n").columns == std::vector<std::string>{"a", "b"});
  CHECK(Read("x,a,b\n1,2,3\n").columns == std::vector<std::string>{"x", "a"});
  CHECK(Read("label,a,b\n1,2,3\n", "a").columns == std::vector<std::string>{"label", "b"});
}

TEST_CASE("quotes, CRLF, spaces, blank lines and a byte order mark are read through",
          "[objectives]") {
  const Table table =
      Read("\xEF\xBB\xBF\"a, \"\"b\"\"\" , label\r\n\r\n 1 ,\"x, y\"\r\n\"2\", z\r\n\r\n");
  CHECK(table.columns == std::vector<std::string>{"a, \"b\""});
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
  CHECK_THAT(Problem("a,b,label\n\n1,two,x\n"), Contains(":3: column 'b': 'two' is not a finite"));
  CHECK_THAT(Problem("a,label\n1.5.2,x\n"), Contains("'1.5.2' is not a finite number"));
  CHECK_THAT(Problem("a,label\nnan,x\n"), Contains("'nan' is not a finite number"));
  CHECK_THAT(Problem("a,label\n1e39,x\n"), Contains("'1e39' is not a finite number"));
  CHECK_THAT(Problem("a,label\n+,x\n"), Contains("'+' is not a finite number"));
  CHECK_THAT(Problem("a,b,label\n1,,x\n"), Contains(":2: column 'b' is empty"));
  CHECK_THAT(Problem("a,label\n1,\n"), Contains(":2: the label is empty"));
  CHECK_THAT(Problem("a,label\n\"1,x\n"), Contains(":2: a quoted field that is not closed"));
  CHECK_THAT(Problem("a,label\n\"1\"2,x\n"), Contains(":2: text after a closing quote"));
}

TEST_CASE("what is wrong with a header or a whole file is said", "[objectives]") {
  CHECK_THAT(Problem(""), Contains("empty"));
  CHECK_THAT(Problem("\n\n"), Contains("empty"));
  CHECK_THAT(Problem("a,label\n"), Contains("a header but no row"));
  CHECK_THAT(Problem("label\nx\n"), Contains(":1: the header needs a label and at least one"));
  CHECK_THAT(Problem("a,a,label\n1,2,x\n"), Contains(":1: two columns are named 'a'"));
  CHECK_THAT(Problem("a,label\n1,x\n", "species"), Contains("no label column 'species'"));
  CHECK_THROWS_WITH(ReadCsv("/nowhere/at/all.csv", ""), Contains("/nowhere/at/all.csv: cannot"));
}

TEST_CASE("a test table takes the class numbers of the training table", "[objectives]") {
  const Table reference = Read("a,label\n1,cat\n2,dog\n3,eel\n");
  const Table test = AlignTo(reference, Read("a,label\n1,eel\n2,dog\n"), "test.csv");
  CHECK(test.labels == std::vector<std::int64_t>{2, 1});
  CHECK(test.classes == reference.classes);
  CHECK_THROWS_WITH(AlignTo(reference, Read("a,label\n1,fox\n"), "test.csv"),
                    Contains("test.csv: the label 'fox' does not occur"));
  CHECK_THROWS_WITH(AlignTo(reference, Read("b,label\n1,cat\n"), "test.csv"),
                    Contains("columns are not those"));
}
