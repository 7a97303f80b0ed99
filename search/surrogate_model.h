// What a history teaches about configurations not yet tried: Gaussian processes of objectives,
// measured limits, failures and cost, and the score that a proposal maximises. Private to search/.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "search/acquisition.h"
#include "search/embedding.h"
#include "search/gaussian_process.h"
#include "search/outcome_scale.h"
#include "search/sampler.h"

namespace joulefront {

/// How an outcome is scaled and with which hyperparameters it is modelled.
struct Fit {
  Hyperparameters hyperparameters;
  OutcomeScale scale;
  double leave_one_out_gain;  // GaussianProcess::LeaveOneOutGain()
};

/// Fits already made, by a fingerprint of what they were made from: saves time, and never changes
/// an answer.
class FitMemory {
 public:
  const Fit* Find(std::uint64_t fingerprint) const;
  const Fit& Keep(std::uint64_t fingerprint, Fit fit);

 private:
  std::map<std::uint64_t, Fit> fits_;
};

class SurrogateModel {
 public:
  /// Needs two evaluated trials and a space of at least one dimension. Where there are too many
  /// trials to model them all, it is sharp around that of number `centre`. `spread` multiplies the
  /// deviations that scores assume: above 1, the model is trusted less. `space` must outlive the
  /// model.
  SurrogateModel(const SearchSpace& space, const History& history, const Terms& terms,
                 std::size_t centre, double spread, FitMemory& memory);

  const Embedding& embedding() const { return embedding_; }

  /// Whether everything could be modelled. If not, ask nothing else of it.
  bool Holds() const;

  /// Of the objective that is known best: the leave-one-out gain over a constant, in nats a trial.
  double LeaveOneOutGain() const { return leave_one_out_gain_; }

  /// Whether it foretells what trials cost: then scores heed the joules left.
  bool KnowsCost() const { return cost_process_.has_value(); }

  /// Whether a feasible trial is known; until then scores are of feasibility alone.
  bool KnowsFeasible() const { return !gains_.empty(); }

  /// Trial numbers whose posterior means no other dominates; of the feasible ones, else of all.
  const std::vector<std::size_t>& front() const { return front_; }

  /// The score of what is not expected to fit the joules left; below every other.
  static constexpr double kTooDear = -std::numeric_limits<double>::infinity();

  /// log of expected gain x probability of feasibility and of success / expected cost^alpha, for
  /// each row. `paid`: what of a row's cost has been paid already, so that the rest counts; empty
  /// for nothing.
  Eigen::VectorXd LogScores(const Placement& at, std::span<const double> paid = {}) const;
  /// The same at one row, whatever joules are left, with its derivatives along the keys of the D
  /// dimensions put into `slopes`.
  double LogScore(const Placement& at, Eigen::Index row, Eigen::VectorXd& slopes) const;

  std::vector<Forecast> Foretell(const Configuration& configuration) const;
  /// What it is expected to cost; empty unless KnowsCost().
  std::optional<double> ForetellCost(const Configuration& configuration) const;

 private:
  using Numbers = std::vector<std::size_t>;
  struct Observations {
    std::vector<Configuration> rows;
    std::vector<double> values;
    bool may_be_log = false;  // whether the logarithm of the values may be modelled instead
  };

  const Fit& FitTo(const Observations& observed, std::size_t size, FitMemory& memory) const;
  const Fit& Learn(const Observations& fitted, const Observations& modelled, FitMemory& memory);
  Observations ObjectiveOf(const History& history, const Numbers& numbers, std::size_t k) const;
  Observations Observed(const History& history, const Numbers& numbers,
                        const std::function<double(const HistoryEntry&)>& value) const;
  void LearnOutcome(const History& history, const Numbers& fitted, const Numbers& modelled,
                    const std::function<double(const HistoryEntry&)>& value, FitMemory& memory);
  void LearnObjectives(const History& history, FitMemory& memory);
  void LearnLimits(const History& history, FitMemory& memory);
  void LearnFailures(const History& history, FitMemory& memory);
  void LearnCost(const History& history, const Terms& terms, FitMemory& memory);
  void SetGains(const History& history, const Terms& terms);
  void AddDrawnGains(const Placement& placed, const Eigen::MatrixXd& means,
                     const Eigen::VectorXd& reference, std::uint64_t seed);
  Eigen::VectorXd Reference(const Eigen::MatrixXd& front, const History& history,
                            const Terms& terms) const;
  double ExpectedCost(double mean, double sd) const;
  double LogGain(const double* means, const double* sds, double* slopes) const;
  double Combine(const double* means, const double* sds, double* slopes) const;

  Embedding embedding_;
  std::optional<std::size_t> fidelity_;  // index of its parameter
  double spread_;
  Numbers modelled_, fitted_;           // evaluated trials; the same where all are modelled
  std::vector<Configuration> pending_;  // that narrow the processes
  // Objectives first, then what must lie below a bound (limits and failures), then the cost.
  std::vector<GaussianProcess> processes_;
  std::vector<OutcomeScale> scales_;  // of the same
  std::size_t objectives_ = 0;
  std::vector<double> bounds_;               // in modelled units
  std::size_t limits_ = 0;                   // how many of them are measured limits
  std::optional<std::size_t> cost_process_;  // its index
  double cost_exponent_ = 0.0;
  std::optional<double> cost_left_;  // what pending trials are expected to take taken off
  double leave_one_out_gain_ = 0.0;
  Numbers front_;
  std::vector<ExpectedGain> gains_;  // by draw of the front; empty while nothing is feasible
};

}  // namespace joulefront
