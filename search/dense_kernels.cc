// Compiled once for every instruction set (search/CMakeLists.txt), each time under names of its
// own: JOULEFRONT_KERNELS names the table, and renaming the namespace Eigen keeps the linker from
// taking code of one instruction set for the other. Nothing else that is inline may be used here.
#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "search/dense.h"

namespace joulefront {

extern const DenseKernels JOULEFRONT_KERNELS;

namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Stride = Eigen::OuterStride<>;
using Matrix = Eigen::Map<MatrixXd>;
using Strided = Eigen::Map<const MatrixXd, 0, Stride>;

bool Factor(double* a, Index n) {
  Matrix matrix(a, n, n);
  return Eigen::internal::llt_inplace<double, Eigen::Lower>::blocked(matrix) == -1;
}

void Solve(const double* l, Index n, Index stride, double* b, Index columns) {
  Matrix right(b, n, columns);
  Strided(l, n, n, Stride(stride)).triangularView<Eigen::Lower>().solveInPlace(right);
}

// With l^-1 in blocks [a 0; b c], b = -c l_21 a: halves of halves, so that most of the work is
// products of matrices.
void InvertLower(Eigen::Ref<MatrixXd, 0, Stride> l) {
  const Index n = l.rows();
  constexpr Index kSmall = 32;
  if (n <= kSmall) {
    MatrixXd inverse = MatrixXd::Identity(n, n);
    l.triangularView<Eigen::Lower>().solveInPlace(inverse);
    l.triangularView<Eigen::Lower>() = inverse;
    return;
  }
  const Index half = n / 2, rest = n - half;
  InvertLower(l.topLeftCorner(half, half));
  InvertLower(l.bottomRightCorner(rest, rest));
  MatrixXd corner =
      l.bottomLeftCorner(rest, half) * l.topLeftCorner(half, half).triangularView<Eigen::Lower>();
  l.bottomLeftCorner(rest, half).noalias() =
      l.bottomRightCorner(rest, rest).triangularView<Eigen::Lower>() * corner;
  l.bottomLeftCorner(rest, half) *= -1.0;
}

void Invert(const double* l, Index n, double* inverse) {
  MatrixXd half = Eigen::Map<const MatrixXd>(l, n, n).triangularView<Eigen::Lower>();
  InvertLower(half);
  Matrix product(inverse, n, n);
  // In blocks of rows, below whose diagonal half' has nothing but zeros.
  constexpr Index kBlock = 48;
  product.setZero();
  for (Index first = 0; first < n; first += kBlock) {
    const Index rows = Eigen::numext::mini(kBlock, n - first), end = first + rows;
    product.topLeftCorner(end, end).selfadjointView<Eigen::Lower>().rankUpdate(
        half.block(first, 0, rows, end).transpose());
  }
}

void AddDimension(const double* distances, Index n, double w, double* squares, double* quotients) {
  const Eigen::Map<const Eigen::ArrayXd> t(distances, n);
  Eigen::Map<Eigen::ArrayXd> sum(squares, n), inverse(quotients, n);
  sum += w * t;
  inverse += (1.0 + w * t).inverse();
}

void MaternOf(const double* squares, Index n, double* value, double* fall) {
  using Array = Eigen::Map<Eigen::ArrayXd>;
  constexpr Index kChunk = 256;  // stays in the first cache
  double r_memory[kChunk], decay_memory[kChunk];
  for (Index first = 0; first < n; first += kChunk) {
    const Index size = Eigen::numext::mini(kChunk, n - first);
    Array r(r_memory, size), decay(decay_memory, size);
    r = (5.0 * Eigen::Map<const Eigen::ArrayXd>(squares + first, size)).sqrt();
    decay = (-r).exp();
    if (fall != nullptr) Array(fall + first, size) = (5.0 / 6.0) * (1.0 + r) * decay;
    Array(value + first, size) = (1.0 + r + r.square() / 3.0) * decay;
  }
}

}  // namespace

const DenseKernels JOULEFRONT_KERNELS = {Factor, Solve, Invert, AddDimension, MaternOf};

}  // namespace joulefront
