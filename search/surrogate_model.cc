#include "search/surrogate_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/random.h"
#include "search/normal_distribution.h"
#include "search/pareto.h"
#include "search/training_set.h"

namespace joulefront {

namespace {

// Of each trial that was evaluated again, so many are learned from.
constexpr std::size_t kMostReplicates = 10;

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::uint64_t kStream = 0x6d6f64656c;  // "model"
constexpr std::size_t kDraws = 16;               // of an uncertain front
constexpr std::size_t kDrawnPoints = 64;         // of which it may be made
constexpr double kNoisy = 1e-3;                  // noise variance from which a front is uncertain
constexpr std::size_t kLeastCosts = 4;
constexpr int kColdIterations = 40, kWarmIterations = 15;
constexpr std::size_t kAlwaysAnew = 40;  // up to so many, every fit is begun anew as well
constexpr std::size_t kCurvePoints = 8;  // of one learning curve

std::uint64_t Fingerprint(const std::vector<Configuration>& rows, const std::vector<double>& values,
                          std::size_t size) {
  std::uint64_t hash = size;
  for (const std::size_t i : FittedPlaces(size)) {
    hash = Mix64(Mix64(hash ^ Hash(rows[i])) ^ std::bit_cast<std::uint64_t>(values[i]));
  }
  return hash;
}

// The largest of 12, 24, 48, ... below n; 0 if there is none.
std::size_t RoundSizeBelow(std::size_t n) {
  std::size_t size = 0;
  for (std::size_t next = 12; next < n; next *= 2) size = next;
  return size;
}

VectorXd Scaled(const OutcomeScale& scale, const std::vector<double>& values) {
  VectorXd scaled(static_cast<Index>(values.size()));
  for (Index i = 0; i < scaled.size(); ++i) {
    scaled[i] = scale.Scaled(values[static_cast<std::size_t>(i)]);
  }
  return scaled;
}

// A median length scale; a short one, since what varies quickly is missed from the first; and much
// noise, since short lengths explain it as well.
std::vector<Hyperparameters> ColdStarts(std::size_t dimensions) {
  const double median = HyperparameterPriors::Standard(dimensions).log_length_mean;
  struct Start {
    double log_length, log_noise;
  };
  const std::array<Start, 3> starts = {
      {{median, std::log(1e-3)}, {std::log(0.2), std::log(1e-3)}, {median, std::log(0.1)}}};
  std::vector<Hyperparameters> cold;
  for (const Start& start : starts) {
    cold.push_back(
        {.log_weights = VectorXd::Constant(static_cast<Index>(dimensions), -2.0 * start.log_length),
         .log_noise = start.log_noise});
  }
  return cold;
}

// Signed logarithm: limits are often broken by factors, and what matters is near 0.
double SignedLog(double excess) { return excess < 0.0 ? -std::log1p(-excess) : std::log1p(excess); }

// At most `count` points of a learning curve, at fidelities in geometric progression from the end.
std::vector<const CurvePoint*> Thinned(const std::vector<CurvePoint>& curve, std::size_t count) {
  std::vector<const CurvePoint*> thinned;
  if (curve.empty() || count == 0) return thinned;
  const double from = std::log(curve.front().fidelity), to = std::log(curve.back().fidelity);
  for (std::size_t k = 0; k < count; ++k) {
    const double share = count == 1 ? 1.0 : static_cast<double>(k) / static_cast<double>(count - 1);
    const double aim = std::lerp(from, to, share);
    const auto nearest =
        std::min_element(curve.begin(), curve.end(), [&](const auto& a, const auto& b) {
          return std::abs(std::log(a.fidelity) - aim) < std::abs(std::log(b.fidelity) - aim);
        });
    if (thinned.empty() || thinned.back() != &*nearest) thinned.push_back(&*nearest);
  }
  return thinned;
}

std::vector<Configuration> Configurations(const History& history,
                                          const std::vector<std::size_t>& numbers) {
  std::vector<Configuration> configurations;
  for (const std::size_t number : numbers) {
    configurations.push_back(history.entries()[number].configuration);
  }
  return configurations;
}

}  // namespace

const Fit* FitMemory::Find(std::uint64_t fingerprint) const {
  const auto found = fits_.find(fingerprint);
  return found == fits_.end() ? nullptr : &found->second;
}

const Fit& FitMemory::Keep(std::uint64_t fingerprint, Fit fit) {
  constexpr std::size_t kMost = 256;
  if (fits_.size() >= kMost) fits_.clear();
  return fits_.insert_or_assign(fingerprint, std::move(fit)).first->second;
}

SurrogateModel::SurrogateModel(const SearchSpace& space, const History& history, const Terms& terms,
                               std::size_t centre, double spread, FitMemory& memory)
    : embedding_(space),
      fidelity_(space.fidelity()),
      spread_(spread),
      modelled_(ModelledTrials(history, embedding_, centre)),
      fitted_(history.evaluated() <= kMostModelled ? modelled_ : FittedTrials(history)) {
  for (std::size_t number = history.size(); number-- > 0 && pending_.size() < kMostPending;) {
    const HistoryEntry& entry = history.entries()[number];
    if (entry.state == EntryState::kPending) pending_.push_back(entry.configuration);
  }
  LearnObjectives(history, memory);
  LearnLimits(history, memory);
  LearnFailures(history, memory);
  LearnCost(history, terms, memory);
  if (Holds()) SetGains(history, terms);
}

bool SurrogateModel::Holds() const {
  return std::all_of(processes_.begin(), processes_.end(),
                     [](const GaussianProcess& process) { return process.holds(); });
}

// The fit to the first `size` values. It starts from the fit to about half of them, and anew each
// time they have doubled: a function of the values alone, however the history came about.
const Fit& SurrogateModel::FitTo(const Observations& observed, std::size_t size,
                                 FitMemory& memory) const {
  const auto& [rows, values, may_be_log] = observed;
  const std::uint64_t fingerprint = Fingerprint(rows, values, size) ^ Mix64(may_be_log);
  if (const Fit* known = memory.Find(fingerprint)) return *known;
  const std::size_t half = RoundSizeBelow(size);
  std::vector<Hyperparameters> starts;
  if (half > 0) starts.push_back(FitTo(observed, half, memory).hyperparameters);
  if (size <= kAlwaysAnew || RoundSizeBelow(size + 1) == size) {
    for (auto& start : ColdStarts(embedding_.dimensions())) starts.push_back(std::move(start));
  }
  std::vector<Configuration> fitted_rows;
  std::vector<double> fitted;
  for (const std::size_t i : FittedPlaces(size)) {
    fitted_rows.push_back(rows[i]);
    fitted.push_back(values[i]);
  }
  auto placed = embedding_.Place(fitted_rows);
  const MatrixXd pairs = PairDistances(embedding_, placed);
  const auto priors = HyperparameterPriors::Standard(embedding_.dimensions());
  const int iterations = starts.size() == 1 ? kWarmIterations : kColdIterations;
  OutcomeScale scale(fitted, false);
  auto best = FitHyperparameters(pairs, Scaled(scale, fitted), priors, starts, iterations);
  if (may_be_log && OutcomeScale::MayBeLog(fitted)) {
    const OutcomeScale log(fitted, true);
    auto fit = FitHyperparameters(pairs, Scaled(log, fitted), priors, starts, iterations);
    if (fit.value + log.LogJacobian(fitted) < best.value + scale.LogJacobian(fitted)) {
      best = std::move(fit);
      scale = log;
    }
  }
  const VectorXd targets = Scaled(scale, fitted);
  const GaussianProcess process(embedding_, std::move(placed), targets, best.hyperparameters);
  return memory.Keep(fingerprint,
                     {std::move(best.hyperparameters), scale, process.LeaveOneOutGain(targets)});
}

// A process for what is modelled, with the hyperparameters of what is fitted; pending trials narrow
// it. Of few observations both are the same, and their first are fitted to.
const Fit& SurrogateModel::Learn(const Observations& fitted, const Observations& modelled,
                                 FitMemory& memory) {
  const std::size_t n = fitted.values.size();
  const bool are_first = n > kMostFitted || fitted_ == modelled_;
  const Fit& fit = FitTo(fitted, are_first ? FittedCount(n) : n, memory);
  auto placed = modelled.rows;
  placed.insert(placed.end(), pending_.begin(), pending_.end());
  scales_.push_back(fit.scale);
  processes_.emplace_back(embedding_, embedding_.Place(placed), Scaled(fit.scale, modelled.values),
                          fit.hyperparameters);
  return fit;
}

SurrogateModel::Observations SurrogateModel::Observed(
    const History& history, const Numbers& numbers,
    const std::function<double(const HistoryEntry&)>& value) const {
  Observations observed{Configurations(history, numbers), {}};
  for (const std::size_t number : numbers) {
    observed.values.push_back(value(history.entries()[number]));
  }
  return observed;
}

void SurrogateModel::LearnOutcome(const History& history, const Numbers& fitted,
                                  const Numbers& modelled,
                                  const std::function<double(const HistoryEntry&)>& value,
                                  FitMemory& memory) {
  Learn(Observed(history, fitted, value), Observed(history, modelled, value), memory);
}

// Trials with their replicates, from which the noise is learned best, and, as far as there is room,
// points of their learning curves. Only objectives may be modelled by their logarithm: limits must
// keep their distance to 0, and costs are logarithms.
SurrogateModel::Observations SurrogateModel::ObjectiveOf(const History& history,
                                                         const Numbers& numbers,
                                                         std::size_t k) const {
  const std::size_t room = kMostModelled > numbers.size() ? kMostModelled - numbers.size() : 0;
  const std::size_t points = std::min(kCurvePoints, room / numbers.size());
  Observations observed{{}, {}, true};
  for (const std::size_t number : numbers) {
    const HistoryEntry& entry = history.entries()[number];
    for (const CurvePoint* point : Thinned(entry.curve, points)) {
      observed.rows.push_back(entry.configuration);
      observed.rows.back()[*fidelity_] = point->fidelity;
      observed.values.push_back(point->objectives[k]);
    }
    observed.rows.push_back(entry.configuration);
    observed.values.push_back(entry.evaluation.objectives[k]);
    for (std::size_t i = 0; i < std::min(entry.replicates.size(), kMostReplicates); ++i) {
      observed.rows.push_back(entry.configuration);
      observed.values.push_back(entry.replicates[i][k]);
    }
  }
  return observed;
}

void SurrogateModel::LearnObjectives(const History& history, FitMemory& memory) {
  objectives_ = history.objectives();
  for (std::size_t k = 0; k < objectives_; ++k) {
    const double gain =
        Learn(ObjectiveOf(history, fitted_, k), ObjectiveOf(history, modelled_, k), memory)
            .leave_one_out_gain;
    leave_one_out_gain_ = k == 0 ? gain : std::max(leave_one_out_gain_, gain);
  }
}

void SurrogateModel::LearnLimits(const History& history, FitMemory& memory) {
  const auto& first = history.entries()[modelled_.front()].evaluation.excesses;
  for (std::size_t c = 0; c < first.size(); ++c) {
    LearnOutcome(
        history, fitted_, modelled_,
        [c](const HistoryEntry& entry) { return SignedLog(entry.evaluation.excesses[c]); }, memory);
    bounds_.push_back(scales_.back().Scaled(0.0));
  }
  limits_ = bounds_.size();
}

// Kinds of failure are told apart: what runs out of memory lies elsewhere than what diverges.
void SurrogateModel::LearnFailures(const History& history, FitMemory& memory) {
  std::map<int, Numbers> failures;
  for (std::size_t number = history.size(); number-- > 0;) {
    const HistoryEntry& entry = history.entries()[number];
    if (entry.state != EntryState::kFailed || !entry.failure) continue;
    Numbers& failed = failures[*entry.failure];
    if (failed.size() < kMostModelled / 2) failed.push_back(number);
  }
  const auto sign = [](const HistoryEntry& entry) {
    return entry.state == EntryState::kFailed ? 1.0 : -1.0;
  };
  for (const auto& [kind, failed] : failures) {
    const auto with_failed = [&failed = failed](Numbers numbers) {
      numbers.insert(numbers.end(), failed.begin(), failed.end());
      std::sort(numbers.begin(), numbers.end());
      return numbers;
    };
    LearnOutcome(history, with_failed(fitted_), with_failed(modelled_), sign, memory);
    bounds_.push_back(scales_.back().Scaled(0.0));
  }
}

// The exponent falls with the joules left: towards the end, what is found counts more than what it
// takes [Lee2020].
void SurrogateModel::LearnCost(const History& history, const Terms& terms, FitMemory& memory) {
  if (terms.cost_exponent == 0.0 && !terms.cost_left) return;
  const auto known = [&](const Numbers& numbers) {
    Numbers with_cost;
    for (const std::size_t number : numbers) {
      if (history.entries()[number].spending.cost) with_cost.push_back(number);
    }
    return with_cost;
  };
  const Numbers fitted = known(fitted_), modelled = known(modelled_);
  if (std::min(fitted.size(), modelled.size()) < kLeastCosts) return;
  LearnOutcome(
      history, fitted, modelled,
      [](const HistoryEntry& entry) { return std::log(*entry.spending.cost); }, memory);
  cost_process_ = processes_.size() - 1;
  cost_exponent_ = terms.cost_exponent;
  if (!terms.cost_left || !terms.cost_budget) return;
  cost_exponent_ *= std::clamp(*terms.cost_left / *terms.cost_budget, 0.0, 1.0);
  cost_left_ = *terms.cost_left;
  if (pending_.empty()) return;
  VectorXd means, variances;
  processes_.back().Predict(embedding_.Place(pending_), means, variances);
  for (Index i = 0; i < means.size(); ++i) {
    *cost_left_ -= ExpectedCost(means[i], std::sqrt(variances[i]));
  }
}

// The posterior means of feasible trials and, believed, of pending ones make the front.
void SurrogateModel::SetGains(const History& history, const Terms& terms) {
  Numbers parents;
  for (const std::size_t number : modelled_) {
    if (history.entries()[number].evaluation.violation == 0.0) parents.push_back(number);
  }
  const bool any_feasible = !parents.empty();
  if (!any_feasible) parents = modelled_;
  auto configurations = Configurations(history, parents);
  configurations.insert(configurations.end(), pending_.begin(), pending_.end());
  const Placement placed = embedding_.Place(configurations);
  const std::size_t m = objectives_;
  MatrixXd means(placed.size(), static_cast<Index>(m));
  bool noisy = false;
  for (std::size_t k = 0; k < m; ++k) {
    means.col(static_cast<Index>(k)) = processes_[k].Means(placed);
    noisy = noisy || processes_[k].noise() > kNoisy;
  }
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows =
      means.topRows(static_cast<Index>(parents.size()));
  const auto known = ParetoFront({{rows.data(), static_cast<std::size_t>(rows.size())}, m});
  for (const std::size_t i : known) front_.push_back(parents[i]);
  if (!any_feasible) return;
  const VectorXd reference = Reference(means(known, Eigen::all), history, terms);
  const std::uint64_t seed = Mix64(terms.seed ^ Mix64(kStream + history.size()));
  if (noisy) {
    AddDrawnGains(placed, means, reference, seed);
  } else {
    gains_.emplace_back(means, reference, seed);
  }
}

// Where noise leaves the front uncertain, the gain is the mean over fronts drawn from the joint
// posterior of the points that may be on it: those of the lowest ranks [Daulton2021].
void SurrogateModel::AddDrawnGains(const Placement& placed, const MatrixXd& means,
                                   const VectorXd& reference, std::uint64_t seed) {
  const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = means;
  const auto ranks =
      NonDominatedRanks({{rows.data(), static_cast<std::size_t>(rows.size())}, objectives_});
  std::vector<Index> likely(ranks.size());
  std::iota(likely.begin(), likely.end(), Index{0});
  std::stable_sort(likely.begin(), likely.end(), [&](Index a, Index b) {
    return ranks[static_cast<std::size_t>(a)] < ranks[static_cast<std::size_t>(b)];
  });
  likely.resize(std::min(likely.size(), kDrawnPoints));
  const Placement drawn{placed.keys(likely, Eigen::all), placed.absence(likely, Eigen::all)};
  Random random(seed, kStream);
  std::vector<MatrixXd> fronts(kDraws, MatrixXd(drawn.size(), means.cols()));
  for (Index k = 0; k < means.cols(); ++k) {
    MatrixXd normals(drawn.size(), static_cast<Index>(kDraws));
    for (double& normal : normals.reshaped()) normal = Normal(random);
    const MatrixXd samples = processes_[static_cast<std::size_t>(k)].Sample(drawn, normals);
    for (std::size_t draw = 0; draw < kDraws; ++draw) {
      fronts[draw].col(k) = samples.col(static_cast<Index>(draw));
    }
  }
  for (const MatrixXd& front : fronts) gains_.emplace_back(front, reference, seed);
}

// Every fixed rule stalls on the front of some problem, so proposals of two objectives take turns:
// the worst seen, well beyond the front's own worst (or the user's point), and close to it. Of more
// objectives, the room beyond the front grows so quickly that only the last finds its middle.
VectorXd SurrogateModel::Reference(const MatrixXd& front, const History& history,
                                   const Terms& terms) const {
  enum class Rule { kWorstSeen, kBeyondNadir, kNearNadir };
  constexpr std::size_t kRules = 3;
  const Rule rule =
      front.cols() > 2 ? Rule::kNearNadir : static_cast<Rule>(history.size() % kRules);
  VectorXd reference(front.cols());
  for (Index k = 0; k < front.cols(); ++k) {
    const auto objective = static_cast<std::size_t>(k);
    const OutcomeScale& scale = scales_[objective];
    const double nadir = front.col(k).maxCoeff();
    const double range = std::max(nadir - front.col(k).minCoeff(), 0.5);
    reference[k] = nadir + (rule == Rule::kNearNadir ? 0.1 : 0.3) * range;
    if (rule == Rule::kWorstSeen) {
      reference[k] = nadir;
      for (const std::size_t number : modelled_) {
        const double value = history.entries()[number].evaluation.objectives[objective];
        reference[k] = std::max(reference[k], scale.Scaled(value));
      }
    } else if (rule == Rule::kBeyondNadir && !terms.reference.empty() &&
               terms.reference[objective]) {
      const double given = scale.Scaled(*terms.reference[objective]);
      if (given > front.col(k).minCoeff()) reference[k] = given;
    }
  }
  return reference;
}

}  // namespace joulefront
