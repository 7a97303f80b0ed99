// The dense linear algebra in which the surrogate spends its time, compiled for the plain x86-64
// (or other) processor and once more for those with AVX2 and FMA, which are three times as fast;
// chosen when it first runs. Matrices are column by column, lower triangles; `stride` is from one
// column to the next. Private to search/.
#pragma once

#include <cstddef>

namespace joulefront {

struct DenseKernels {
  /// Cholesky factor of the lower triangle of a, n x n, in place; false if a is not positive
  /// definite.
  bool (*factor)(double* a, std::ptrdiff_t n);
  /// b := l^-1 b, l n x n, b n x columns.
  void (*solve)(const double* l, std::ptrdiff_t n, std::ptrdiff_t stride, double* b,
                std::ptrdiff_t columns);
  /// Lower triangle of (l l')^-1 into `inverse`, n x n.
  void (*invert)(const double* l, std::ptrdiff_t n, double* inverse);
  /// Adds, of n squared distances t in one dimension, w t to `squares` and 1 / (1 + w t) to
  /// `quotients`.
  void (*add_dimension)(const double* distances, std::ptrdiff_t n, double w, double* squares,
                        double* quotients);
  /// Of n squared distances r^2: the Matern-5/2 function and, where `fall` is given, its negative
  /// derivative by r^2.
  void (*matern)(const double* squares, std::ptrdiff_t n, double* value, double* fall);
};

/// The fastest that this processor runs.
const DenseKernels& Dense();

}  // namespace joulefront
