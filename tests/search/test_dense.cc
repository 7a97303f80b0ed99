#include <Eigen/Core>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "search/dense.h"
#include "search/normal_distribution.h"

namespace joulefront {

extern const DenseKernels kPlainKernels;
#ifdef __x86_64__
extern const DenseKernels kAvx2Kernels;
#endif

namespace {

using Eigen::Index;
using Eigen::MatrixXd;

struct Table {
  std::string name;
  const DenseKernels* kernels;
};

// The tables that this processor runs.
std::vector<Table> Tables() {
  std::vector<Table> tables = {{"plain", &kPlainKernels}};
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    tables.push_back({"avx2", &kAvx2Kernels});
  } else {
    WARN("this processor has no AVX2: the table for it is not tested");
  }
#endif
  return tables;
}

// Around the sizes of blocks; 257 also leaves a last chunk of one.
constexpr Index kSizes[] = {1, 2, 31, 32, 33, 100, 257};

constexpr double kStray = 1e300;  // where nothing may look

MatrixXd Normals(Index rows, Index columns, std::uint64_t stream) {
  Random random(7, stream);
  MatrixXd normals(rows, columns);
  for (double& value : normals.reshaped()) value = Normal(random);
  return normals;
}

// Positive definite, with a condition number near 1e3.
MatrixXd Definite(Index n) {
  const MatrixXd half = Normals(n, n, static_cast<std::uint64_t>(n));
  MatrixXd definite = half * half.transpose() / static_cast<double>(n);
  definite.diagonal().array() += 1e-2;
  return definite;
}

MatrixXd WithStrayUpper(MatrixXd matrix) {
  for (Index j = 0; j < matrix.cols(); ++j) matrix.col(j).head(j).setConstant(kStray);
  return matrix;
}

MatrixXd Lower(const MatrixXd& matrix) {
  return matrix.triangularView<Eigen::Lower>().toDenseMatrix();
}

double Largest(const MatrixXd& matrix) { return matrix.cwiseAbs().maxCoeff(); }

// Cholesky-Banachiewicz, loop by loop.
MatrixXd FactorByLoops(const MatrixXd& a) {
  const Index n = a.rows();
  MatrixXd l = MatrixXd::Zero(n, n);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      double rest = a(i, j);
      for (Index k = 0; k < j; ++k) rest -= l(i, k) * l(j, k);
      l(i, j) = i == j ? std::sqrt(rest) : rest / l(j, j);
    }
  }
  return l;
}

MatrixXd SolveByLoops(const MatrixXd& l, MatrixXd b) {
  for (Index column = 0; column < b.cols(); ++column) {
    for (Index i = 0; i < b.rows(); ++i) {
      for (Index k = 0; k < i; ++k) b(i, column) -= l(i, k) * b(k, column);
      b(i, column) /= l(i, i);
    }
  }
  return b;
}

TEST_CASE("factors are those of the textbook's loops, and the upper triangle is not read",
          "[dense]") {
  for (const Table& table : Tables()) {
    for (const Index n : kSizes) {
      CAPTURE(table.name, n);
      const MatrixXd a = Definite(n), expected = FactorByLoops(a);
      MatrixXd factor = WithStrayUpper(a);
      REQUIRE(table.kernels->factor(factor.data(), n));
      REQUIRE(Largest(Lower(factor) - expected) < 1e-12 * Largest(expected));
    }
  }
}

TEST_CASE("solving agrees with forward substitution, in part of a larger matrix too", "[dense]") {
  for (const Table& table : Tables()) {
    for (const Index n : kSizes) {
      for (const Index columns : {1, 2, 33}) {
        CAPTURE(table.name, n, columns);
        const MatrixXd l = FactorByLoops(Definite(n)), b = Normals(n, columns, 1);
        const MatrixXd expected = SolveByLoops(l, b);
        MatrixXd wide = MatrixXd::Constant(n + 5, n, kStray), solved = b, again = b;
        wide.topRows(n) = WithStrayUpper(l);
        table.kernels->solve(l.data(), n, n, solved.data(), columns);
        REQUIRE(Largest(solved - expected) < 1e-11 * Largest(expected));
        table.kernels->solve(wide.data(), n, n + 5, again.data(), columns);
        REQUIRE(again == solved);
      }
    }
  }
}

TEST_CASE("the inverse, times what it inverts, is the identity", "[dense]") {
  for (const Table& table : Tables()) {
    for (const Index n : kSizes) {
      CAPTURE(table.name, n);
      const MatrixXd a = Definite(n), l = FactorByLoops(a);
      const MatrixXd half = SolveByLoops(l, MatrixXd::Identity(n, n));
      const MatrixXd expected = half.transpose() * half;
      MatrixXd inverse = MatrixXd::Constant(n, n, kStray);
      table.kernels->invert(WithStrayUpper(l).data(), n, inverse.data());
      REQUIRE(Largest(Lower(inverse) - Lower(expected)) < 1e-11 * Largest(expected));
      const MatrixXd whole = inverse.selfadjointView<Eigen::Lower>();
      REQUIRE(Largest(whole * a - MatrixXd::Identity(n, n)) < 1e-10);
    }
  }
}

TEST_CASE("what is not positive definite is refused", "[dense]") {
  for (const Table& table : Tables()) {
    for (const Index n : kSizes) {
      CAPTURE(table.name, n);
      MatrixXd negative = Definite(n);
      negative(n - 1, n - 1) = -1.0;
      REQUIRE_FALSE(table.kernels->factor(negative.data(), n));
      MatrixXd zero = MatrixXd::Zero(n, n);
      REQUIRE_FALSE(table.kernels->factor(zero.data(), n));
      if (n == 1) continue;
      MatrixXd singular = Definite(n);  // with its last row and column twice the one before
      singular.row(n - 1) = 2.0 * singular.row(n - 2);
      singular.col(n - 1) = 2.0 * singular.col(n - 2);
      singular(n - 1, n - 1) -= 1e-6;
      REQUIRE_FALSE(table.kernels->factor(singular.data(), n));
    }
  }
}

TEST_CASE("Matern-5/2 and its fall are those of the formula, with and without the fall",
          "[dense]") {
  for (const Table& table : Tables()) {
    for (const Index n : kSizes) {
      CAPTURE(table.name, n);
      std::vector<double> squares(static_cast<std::size_t>(n)), values(squares.size()),
          falls(squares.size());
      for (std::size_t i = 0; i < squares.size(); ++i) {
        squares[i] = i == 0 ? 0.0 : std::pow(10.0, -8.0 + 0.05 * static_cast<double>(i));
      }
      table.kernels->matern(squares.data(), n, values.data(), falls.data());
      for (std::size_t i = 0; i < squares.size(); ++i) {
        const long double s = squares[i], r = std::sqrt(5.0L * s), decay = std::exp(-r);
        CAPTURE(squares[i]);
        REQUIRE(values[i] ==
                Approx(static_cast<double>((1 + r + r * r / 3) * decay)).epsilon(1e-13));
        REQUIRE(falls[i] == Approx(static_cast<double>(5 * (1 + r) * decay / 6)).epsilon(1e-13));
      }
      std::vector<double> in_place = squares;  // as the process calls it
      table.kernels->matern(in_place.data(), n, in_place.data(), nullptr);
      REQUIRE(in_place == values);
    }
  }
}

TEST_CASE("Matern-5/2 is 1 at 0, and as good as nothing very far away", "[dense]") {
  for (const Table& table : Tables()) {
    CAPTURE(table.name);
    const double squares[] = {0.0, 1e5, 1e8, 1e12};
    double values[4], falls[4];
    table.kernels->matern(squares, 4, values, falls);
    REQUIRE(values[0] == 1.0);
    REQUIRE(falls[0] == Approx(5.0 / 6.0));
    for (const int i : {1, 2, 3}) {
      REQUIRE((values[i] >= 0.0 && values[i] < 1e-200));
      REQUIRE((falls[i] >= 0.0 && falls[i] < 1e-200));
    }
  }
}

/// The numbers, `shift` doubles behind a boundary of 64 bytes.
class Shifted {
 public:
  Shifted(const MatrixXd& values, std::size_t shift)
      : memory_(static_cast<std::size_t>(values.size()) + 16) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    begin_ = memory_.data() + (64 - address % 64) / sizeof(double) % 8 + shift;
    Eigen::Map<MatrixXd>(begin_, values.rows(), values.cols()) = values;
    size_ = static_cast<std::size_t>(values.size());
  }
  double* data() { return begin_; }
  std::vector<double> values() const { return {begin_, begin_ + size_}; }

 private:
  std::vector<double> memory_;
  double* begin_;
  std::size_t size_;
};

TEST_CASE("results do not depend on where in memory the numbers lie, to the last bit", "[dense]") {
  // Memory comes in steps of 16 bytes, and vectors are longer than that: else a study that is
  // resumed would propose something else.
  for (const Table& table : Tables()) {
    for (const Index n : kSizes) {
      std::vector<std::vector<double>> expected;
      for (const std::size_t shift : {0U, 2U, 4U, 6U}) {
        CAPTURE(table.name, n, shift);
        const MatrixXd distances = Normals(n, 1, 3).cwiseAbs();
        Shifted a(Definite(n), shift), b(Normals(n, 3, 2), shift);
        Shifted inverse(MatrixXd::Zero(n, n), shift), t(distances, shift);
        Shifted sum(distances, shift), quotients(distances, shift);
        Shifted value(distances, shift), fall(distances, shift);
        REQUIRE(table.kernels->factor(a.data(), n));
        table.kernels->solve(a.data(), n, n, b.data(), 3);
        table.kernels->invert(a.data(), n, inverse.data());
        table.kernels->add_dimension(t.data(), n, 0.3, sum.data(), quotients.data());
        table.kernels->matern(t.data(), n, value.data(), fall.data());
        const std::vector<std::vector<double>> found = {
            a.values(),         b.values(),     inverse.values(), sum.values(),
            quotients.values(), value.values(), fall.values()};
        if (expected.empty()) expected = found;
        REQUIRE(found == expected);
      }
    }
  }
}

TEST_CASE("processors with and without AVX2 agree to rounding", "[dense]") {
  const std::vector<Table> tables = Tables();
  for (const Table& other : tables) {
    for (const Index n : kSizes) {
      CAPTURE(other.name, n);
      MatrixXd one = Definite(n), two = one, inverse_one(n, n), inverse_two(n, n);
      REQUIRE(tables[0].kernels->factor(one.data(), n));
      REQUIRE(other.kernels->factor(two.data(), n));
      REQUIRE(Largest(Lower(one) - Lower(two)) < 1e-12 * Largest(Lower(one)));
      tables[0].kernels->invert(one.data(), n, inverse_one.data());
      other.kernels->invert(two.data(), n, inverse_two.data());
      REQUIRE(Largest(Lower(inverse_one) - Lower(inverse_two)) < 1e-11 * Largest(inverse_one));
    }
  }
  // What runs is the last of them.
  REQUIRE(&Dense() == tables.back().kernels);
}

}  // namespace
}  // namespace joulefront
