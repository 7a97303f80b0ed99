// Labels that are no classes: quantities, such as a price, which are predicted as numbers.
#pragma once

#include <vector>

#include "objectives/dataset.h"

namespace joulefront::objectives {

/// Whether labels that are all numbers are a quantity. They are with fractions and more than 5
/// different values. Whole ones are with more than 10 different values of fewer than 5 rows each
/// (in the mean), and with more than 20 at all, unless they look like the numbers of classes: at
/// most 200, from 0 or 1 on, more than half of the numbers in use, 10 rows each or more.
bool IsQuantity(const std::vector<double>& numbers);

/// Makes the numbers the targets of the examples. Their tenths, by rank, take the place of classes
/// where rows are dealt out and features chosen: `labels` and `classes` are these.
void TakeTargets(const std::vector<double>& numbers, Dataset& data);

}  // namespace joulefront::objectives
