#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <string>

#include "objectives/bad_input.h"
#include "objectives/targets.h"

using namespace joulefront::objectives;
using Catch::Matchers::Contains;

namespace {

/// `rows` numbers: first, first + step, ... `different` of them, over and over.
std::vector<double> Numbers(std::size_t rows, std::size_t different, double first, double step) {
  std::vector<double> numbers;
  for (std::size_t i = 0; i < rows; ++i) {
    numbers.push_back(first + step * static_cast<double>(i % different));
  }
  return numbers;
}

std::string NewFile(const std::string& content) {
  char path[] = "/tmp/joulefront_targets_XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  close(file);
  std::ofstream(path) << content;
  return path;
}

Dataset Read(const std::string& content) {
  const std::string path = NewFile(content);
  try {
    Dataset data = ReadDataset({{path}, "", "y"});
    std::remove(path.c_str());
    return data;
  } catch (...) {
    std::remove(path.c_str());
    throw;
  }
}

}  // namespace

TEST_CASE("labels that are numbers are a quantity where they are no numbers of classes",
          "[objectives]") {
  // Prices: many different ones.
  CHECK(IsQuantity(Numbers(320, 96, 1, 1)));
  CHECK(IsQuantity(Numbers(54000, 11000, 300, 1)));
  // Ages: few, with many rows each, but not from 0 or 1 on.
  CHECK(IsQuantity(Numbers(32000, 73, 17, 1)));
  // Counts: from 1 on, and more than classes are.
  CHECK(IsQuantity(Numbers(17000, 869, 1, 1)));
  // A small table: 12 different numbers in 40 rows.
  CHECK(IsQuantity(Numbers(40, 12, 3, 1)));
  // Fractions: ratings by half stars.
  CHECK(IsQuantity(Numbers(1000, 10, 0.5, 0.5)));
  // Classes: digits, letters, a hundred sorts of images, yes and no, three levels with a fraction.
  CHECK_FALSE(IsQuantity(Numbers(1438, 10, 0, 1)));
  CHECK_FALSE(IsQuantity(Numbers(20000, 26, 1, 1)));
  CHECK_FALSE(IsQuantity(Numbers(50000, 100, 0, 1)));
  CHECK_FALSE(IsQuantity(Numbers(12, 2, 0, 1)));
  CHECK_FALSE(IsQuantity(Numbers(100, 3, 0.5, 0.5)));
  CHECK_FALSE(IsQuantity(Numbers(2000, 20, 5, 5)));
}

TEST_CASE("rows of a quantity are dealt out by its tenths", "[objectives]") {
  Dataset data;
  TakeTargets(Numbers(50, 50, 100, 2), data);
  CHECK(data.is_quantity);
  CHECK(data.targets[3] == 106);
  CHECK(data.classes.size() == 10);
  CHECK(data.labels.front() == 0);
  CHECK(data.labels[24] == 4);
  CHECK(data.labels.back() == 9);
}

TEST_CASE("a table's label may be a quantity, and later files are read as the first",
          "[objectives]") {
  std::string text = "x,y\n";
  for (int i = 0; i < 30; ++i) text += std::to_string(i) + "," + std::to_string(i * 1.5) + "\n";
  const Dataset data = Read(text);
  CHECK(data.is_quantity);
  CHECK(data.targets[3] == 4.5);
  const std::string path = NewFile("x,y\n1,7\n2,8\n");
  CHECK(ReadDatasetLike(data, {{path}, "", "y"}).targets == std::vector<double>{7, 8});
  std::ofstream(path) << "x,y\n1,cheap\n";
  CHECK_THROWS_WITH(ReadDatasetLike(data, {{path}, "", "y"}),
                    Contains("is a quantity in the training file"));
  std::remove(path.c_str());
}

TEST_CASE("labels that are names of rows are refused, and not as many classes", "[objectives]") {
  std::string text = "x,y\n";
  for (int i = 0; i < 30; ++i) text += std::to_string(i) + ",house-" + std::to_string(i) + "\n";
  CHECK_THROWS_WITH(Read(text), Contains("holds 30 different words in 30 rows, which are no "
                                         "classes; name another column with --label"));
}
