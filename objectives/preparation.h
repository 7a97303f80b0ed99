// What is done to examples before training: rows are dealt out class by class, images made smaller,
// features chosen, missing values filled, all brought to mean 0 and variance 1. Everything depends
// on the arguments alone, on every machine the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "objectives/dataset.h"

namespace joulefront::objectives {

/// Row numbers, each in ascending order; together they are the rows that were dealt out.
struct Split {
  std::vector<std::size_t> taken;
  std::vector<std::size_t> rest;
};

/// Takes a share of `rows` that holds each class in proportion: of a class with n rows,
/// round(fraction * n), at least `at_least` where there are so many. The same seed gives nested
/// shares: what 0.1 takes, 0.2 takes too. 10 rows of class a and 5 of b, fraction 0.2: 2 and 1.
Split SplitStratified(const Dataset& data, std::span<const std::size_t> rows, double fraction,
                      std::size_t at_least, std::uint64_t seed);

/// The same examples in another shape of as many numbers. Throws BadInput.
void Reshape(Dataset& data, const std::vector<std::int64_t>& shape);

/// Images at 1/factor of height and width, by the mean of factor x factor pixels; what does not
/// fill a block at the right and lower edges is left out. Throws BadInput if there are no images,
/// or if nothing would be left.
Dataset Downscale(const Dataset& data, std::int64_t factor);

/// The `keep` features of a table that tell most about the class, judged by `rows` alone, in
/// ascending order: by mutual information (each feature in ten bins of equally many rows, missing
/// values in one of their own), or by variance of the values brought to [0, 1]. Of equals the
/// first. Throws BadInput if the examples are no rows of a table.
std::vector<std::size_t> SelectFeatures(const Dataset& data, std::span<const std::size_t> rows,
                                        std::size_t keep, bool by_information);

/// Only these features of a table. Throws BadInput if the examples are no rows of a table.
Dataset KeepFeatures(const Dataset& data, std::span<const std::size_t> features);

/// A value x of feature j becomes (x - mean[j]) * factor[j], and a missing one 0. Images have one
/// mean and factor a channel, sequences one for each number of a step. Features that are constant
/// in the rows fitted have factor 1, so that a value never seen there stays finite.
struct Standardisation {
  std::vector<double> mean;
  std::vector<double> factor;
};

/// Means and (population) standard deviations over `rows`, at least one; missing values left out.
Standardisation FitStandardisation(const Dataset& data, std::span<const std::size_t> rows);

/// The given examples, standardised: rows x shape.
std::vector<float> Standardise(const Standardisation& standardisation, const Dataset& data,
                               std::span<const std::size_t> rows);

}  // namespace joulefront::objectives
