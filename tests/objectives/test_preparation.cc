#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "objectives/preparation.h"

using namespace joulefront::objectives;

namespace {

/// `counts[c]` rows of class c, dealt out in turn so that classes are mixed; no columns.
Dataset ClassTable(std::vector<int> counts) {
  Dataset table;
  for (std::size_t c = 0; c < counts.size(); ++c) table.classes.push_back(std::to_string(c));
  for (bool more = true; more;) {
    more = false;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (counts[c]-- <= 0) continue;
      table.labels.push_back(static_cast<std::int64_t>(c));
      more = true;
    }
  }
  return table;
}

std::vector<std::size_t> Rows(const Dataset& table) {
  std::vector<std::size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

std::vector<int> Counts(const Dataset& table, const std::vector<std::size_t>& rows) {
  std::vector<int> counts(table.classes.size());
  for (const std::size_t row : rows) ++counts[static_cast<std::size_t>(table.labels[row])];
  return counts;
}

Dataset NumberTable(std::size_t columns, std::vector<float> features) {
  Dataset table;
  table.shape = {static_cast<std::int64_t>(columns)};
  table.labels.resize(features.size() / columns);
  table.classes = {"only"};
  table.features = std::move(features);
  return table;
}

}  // namespace

TEST_CASE("a split takes each class in proportion and loses no row", "[objectives]") {
  const Dataset table = ClassTable({10, 5, 100});
  const std::vector<std::size_t> rows = Rows(table);
  const Split split = SplitStratified(table, rows, 0.2, 0, 7);
  CHECK(Counts(table, split.taken) == std::vector<int>{2, 1, 20});
  CHECK(Counts(table, split.rest) == std::vector<int>{8, 4, 80});
  std::vector<std::size_t> all = split.taken;
  all.insert(all.end(), split.rest.begin(), split.rest.end());
  std::sort(all.begin(), all.end());
  CHECK(all == rows);
  CHECK(std::is_sorted(split.taken.begin(), split.taken.end()));
}

TEST_CASE("a split depends on its seed alone", "[objectives]") {
  const Dataset table = ClassTable({50, 50});
  const std::vector<std::size_t> rows = Rows(table);
  const Split split = SplitStratified(table, rows, 0.3, 0, 7);
  CHECK(split.taken == SplitStratified(table, rows, 0.3, 0, 7).taken);
  CHECK(split.taken != SplitStratified(table, rows, 0.3, 0, 8).taken);
}

TEST_CASE("the validation rows are the same on every machine", "[objectives]") {
  const Dataset table = ClassTable({10, 10});
  const Split split = SplitStratified(table, Rows(table), 0.2, 0, 1);
  CHECK(split.taken == std::vector<std::size_t>{4, 5, 8, 11});
}

TEST_CASE("a larger share contains the smaller one", "[objectives]") {
  const Dataset table = ClassTable({31, 17, 4});
  const std::vector<std::size_t> rows = Rows(table);
  std::vector<std::size_t> smaller;
  for (const double fraction : {0.0, 0.1, 0.35, 0.8, 1.0}) {
    const auto larger = SplitStratified(table, rows, fraction, 1, 3).taken;
    CHECK(std::includes(larger.begin(), larger.end(), smaller.begin(), smaller.end()));
    smaller = larger;
  }
  CHECK(smaller == rows);
}

TEST_CASE("a share takes at least as many of a class as asked for and there are", "[objectives]") {
  const Dataset table = ClassTable({100, 2, 0});
  CHECK(Counts(table, SplitStratified(table, Rows(table), 0.01, 1, 1).taken) ==
        std::vector<int>{1, 1, 0});
  CHECK(Counts(table, SplitStratified(table, Rows(table), 0.01, 3, 1).taken) ==
        std::vector<int>{3, 2, 0});
}

TEST_CASE("standardised columns have mean 0 and variance 1 over the rows fitted", "[objectives]") {
  // Column 0 over rows 0..2 is 1, 2, 6: mean 3, variance 14 / 3. Row 3 is not fitted.
  const Dataset table = NumberTable(2, {1, 1000001, 2, 1000002, 6, 1000003, 100, 1000004});
  const std::vector<std::size_t> fitted_rows{0, 1, 2};
  const Standardisation fitted = FitStandardisation(table, fitted_rows);
  CHECK(fitted.mean[0] == Approx(3.0));
  CHECK(fitted.factor[0] == Approx(1.0 / std::sqrt(14.0 / 3.0)));
  CHECK(fitted.factor[1] == Approx(1.0 / std::sqrt(2.0 / 3.0)));

  const std::vector<float> values = Standardise(fitted, table, fitted_rows);
  CHECK(values[0] + values[2] + values[4] == Approx(0.0).margin(1e-6));
  CHECK(values[0] * values[0] + values[2] * values[2] + values[4] * values[4] == Approx(3.0));
  CHECK(Standardise(fitted, table, std::vector<std::size_t>{3})[0] ==
        Approx(97.0 / std::sqrt(14.0 / 3.0)));
}

TEST_CASE("a constant column becomes zero and stays finite elsewhere", "[objectives]") {
  const Dataset table = NumberTable(1, {0.1F, 0.1F, 0.1F, 5.0F});
  const Standardisation fitted = FitStandardisation(table, std::vector<std::size_t>{0, 1, 2});
  const std::vector<float> values = Standardise(fitted, table, std::vector<std::size_t>{0, 3});
  CHECK(values[0] == Approx(0.0).margin(1e-6));
  CHECK(values[1] == Approx(4.9));
}

TEST_CASE("missing values become the mean, and are not part of it", "[objectives]") {
  const Dataset table = NumberTable(1, {1.0F, NAN, 3.0F});
  const Standardisation fitted = FitStandardisation(table, Rows(table));
  CHECK(fitted.mean[0] == Approx(2.0));
  CHECK(Standardise(fitted, table, std::vector<std::size_t>{1})[0] == 0.0F);
}

TEST_CASE("images are standardised channel by channel", "[objectives]") {
  Dataset images = NumberTable(4, {0, 2, 10, 30, 4, 2, 20, 20});
  images.shape = {2, 1, 2};
  const Standardisation fitted = FitStandardisation(images, Rows(images));
  CHECK(fitted.mean == std::vector<double>{2.0, 20.0});
}

TEST_CASE("images are made smaller by the mean of their blocks", "[objectives]") {
  Dataset images = NumberTable(6, {1, 3, 9, 5, 7, 9});
  images.shape = {1, 2, 3};
  const Dataset small = Downscale(images, 2);
  CHECK(small.shape == std::vector<std::int64_t>{1, 1, 1});
  CHECK(small.features == std::vector<float>{4.0F});
  CHECK_THROWS_WITH(Downscale(images, 3), Catch::Contains("nothing would be left"));
  CHECK_THROWS_WITH(Downscale(NumberTable(6, {1, 3, 9, 5, 7, 9}), 2), Catch::Contains("no images"));
}

TEST_CASE("the features kept are those that tell most of the class", "[objectives]") {
  // Feature 0 is noise, feature 1 the class, feature 2 constant.
  Dataset table = NumberTable(3, {5, 0, 1, 1, 1, 1, 4, 0, 1, 6, 1, 1, 1, 0, 1, 5, 1, 1});
  table.classes = {"a", "b"};
  table.labels = {0, 1, 0, 1, 0, 1};
  const auto rows = Rows(table);
  CHECK(SelectFeatures(table, rows, 1, true) == std::vector<std::size_t>{1});
  CHECK(SelectFeatures(table, rows, 2, false) == std::vector<std::size_t>{0, 1});
  CHECK(SelectFeatures(table, rows, 9, true).size() == 3);
  const Dataset kept = KeepFeatures(table, std::vector<std::size_t>{1});
  CHECK(kept.features == std::vector<float>{0, 1, 0, 1, 0, 1});
  CHECK(kept.labels == table.labels);
}
