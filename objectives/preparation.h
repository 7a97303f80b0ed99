// What is done to a table before training: rows are dealt out class by class, columns are brought
// to mean 0 and variance 1. Everything depends on the arguments alone, on every machine the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "objectives/csv_data.h"

namespace joulefront::objectives {

/// Row numbers, each in ascending order; together they are the rows that were dealt out.
struct Split {
  std::vector<std::size_t> taken;
  std::vector<std::size_t> rest;
};

/// Takes a share of `rows` that holds each class in proportion: of a class with n rows,
/// round(fraction * n), at least `at_least` where there are so many. The same seed gives nested
/// shares: what 0.1 takes, 0.2 takes too. 10 rows of class a and 5 of b, fraction 0.2: 2 and 1.
Split SplitStratified(const Table& table, std::span<const std::size_t> rows, double fraction,
                      std::size_t at_least, std::uint64_t seed);

/// A value x of column j becomes (x - mean[j]) * factor[j]. Columns that are constant in the rows
/// fitted have factor 1, so that a value never seen there stays finite.
struct Standardisation {
  std::vector<double> mean;
  std::vector<double> factor;
};

/// Means and (population) standard deviations over `rows` of `table`, at least one row.
Standardisation FitStandardisation(const Table& table, std::span<const std::size_t> rows);

/// The given rows of the table, standardised, rows x columns.
std::vector<float> Standardise(const Standardisation& standardisation, const Table& table,
                               std::span<const std::size_t> rows);

}  // namespace joulefront::objectives
