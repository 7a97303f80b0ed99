// Compiled once for every instruction set (search/CMakeLists.txt), each time under names of its
// own: JOULEFRONT_KERNELS names the table, and renaming the namespace Eigen keeps the linker from
// taking code of one instruction set for the other. Nothing else that is inline may be used here.
#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cstring>

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

// A plain loop: every element comes of the same operations, whether or not it is one of a vector.
void AddDimension(const double* distances, Index n, double w, double* squares, double* quotients) {
  for (Index i = 0; i < n; ++i) {
    const double part = w * distances[i];
    squares[i] += part;
    quotients[i] += 1.0 / (1.0 + part);
  }
}

// In chunks that stay in the first cache. Eigen's exponential of a vector differs from that of a
// number in the last digit, so every element goes through a vector, wherever the memory begins: a
// proposal must not depend on that.
void MaternOf(const double* squares, Index n, double* value, double* fall) {
  constexpr Index kChunk = 256, kVector = 8;
  using Array = Eigen::Map<Eigen::ArrayXd, Eigen::AlignedMax>;
  alignas(EIGEN_MAX_ALIGN_BYTES) double r_memory[kChunk], decay_memory[kChunk], result[kChunk];
  for (Index first = 0; first < n; first += kChunk) {
    const Index size = Eigen::numext::mini(kChunk, n - first);
    const Index padded = (size + kVector - 1) / kVector * kVector;
    const auto bytes = static_cast<std::size_t>(size) * sizeof(double);
    std::memcpy(r_memory, squares + first, bytes);
    for (Index i = size; i < padded; ++i) r_memory[i] = 0.0;
    Array r(r_memory, padded), decay(decay_memory, padded), out(result, padded);
    r = (5.0 * r).sqrt();
    decay = (-r).exp();
    if (fall != nullptr) {
      out = (5.0 / 6.0) * (1.0 + r) * decay;
      std::memcpy(fall + first, result, bytes);
    }
    out = (1.0 + r + r.square() / 3.0) * decay;
    std::memcpy(value + first, result, bytes);
  }
}

}  // namespace

const DenseKernels JOULEFRONT_KERNELS = {Factor, Solve, Invert, AddDimension, MaternOf};

}  // namespace joulefront
