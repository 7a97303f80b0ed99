#include "search/surrogate_sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "search/lbfgs.h"
#include "search/nsga2_sampler.h"
#include "search/random_sampler.h"
#include "search/sobol_sampler.h"
#include "search/training_set.h"
#include "search/variation.h"

namespace joulefront {

namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr std::uint64_t kStream = 0x7375727267;  // "surrg"
constexpr std::size_t kLeastEvaluated = 4;
constexpr std::uint64_t kSmallSpace = 1500;  // configurations that are all scored
constexpr std::size_t kRandom = 400, kVariants = 600;
constexpr double kLeastGain = 0.05;   // over a constant, in nats a trial: less is chance
constexpr std::size_t kCentres = 20;  // best trials around one of which a large history is modelled
constexpr std::size_t kPatience = 8;  // latest trials without a gain until the model is doubted
constexpr std::size_t kKept = 10, kRounds = 4, kRoundVariants = 16;
constexpr std::size_t kClimbed = 4;
constexpr int kClimbIterations = 15;

struct Candidate {
  Configuration configuration;
  double score;
};

// New configurations, each once, scored in batches; the best are kept.
class Contest {
 public:
  Contest(const SearchSpace& space, const History& history, const SurrogateModel& model)
      : space_(space), history_(history), model_(model) {}

  void Enter(Configuration configuration) {
    if (history_.Contains(configuration)) return;
    if (!seen_.insert(Hash(configuration)).second) return;
    entered_.push_back(std::move(configuration));
  }

  // Scores what was entered.
  void Judge() {
    if (entered_.empty()) return;
    const VectorXd scores = model_.LogScores(model_.embedding().Place(entered_));
    for (std::size_t i = 0; i < entered_.size(); ++i) {
      const double score = scores[static_cast<Index>(i)];
      if (!std::isnan(score)) best_.push_back({std::move(entered_[i]), score});
    }
    entered_.clear();
    std::stable_sort(best_.begin(), best_.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    if (best_.size() > kKept) best_.resize(kKept);
  }

  // Enters what gradient ascent on the continuous parameters makes of the best.
  void Climb(std::size_t count, int iterations) {
    const std::size_t climbers = std::min(count, best_.size());
    for (std::size_t i = 0; i < climbers; ++i) {
      Enter(Climbed(best_[i].configuration, iterations));
    }
  }

  const std::vector<Candidate>& best() const { return best_; }

 private:
  Configuration Climbed(Configuration configuration, int iterations) const {
    const Embedding& embedding = model_.embedding();
    Placement placed = embedding.Place({&configuration, 1});
    std::vector<std::size_t> free;
    for (std::size_t d = 0; d < embedding.dimensions(); ++d) {
      const std::size_t parameter = embedding.parameter(d);
      // A parent would switch others on or off as it moves.
      if (embedding.IsContinuous(d) && !space_.IsParent(parameter) && configuration[parameter]) {
        free.push_back(d);
      }
    }
    if (free.empty()) return configuration;
    const auto n = static_cast<Index>(free.size());
    VectorXd x(n), slopes;
    for (Index i = 0; i < n; ++i) {
      x[i] = placed.keys(0, static_cast<Index>(free[static_cast<std::size_t>(i)]));
    }
    const auto put = [&](const VectorXd& keys) {
      for (Index i = 0; i < n; ++i) {
        placed.keys(0, static_cast<Index>(free[static_cast<std::size_t>(i)])) = keys[i];
      }
    };
    const SmoothFunction f = [&](const VectorXd& keys, VectorXd& gradient) {
      put(keys);
      const double score = model_.LogScore(placed, 0, slopes);
      gradient.resize(n);
      for (Index i = 0; i < n; ++i) {
        gradient[i] = -slopes[static_cast<Index>(free[static_cast<std::size_t>(i)])];
      }
      return -score;
    };
    x = MinimizeWithin(f, x, VectorXd::Zero(n), VectorXd::Ones(n), iterations).x;
    for (Index i = 0; i < n; ++i) {
      const std::size_t parameter = embedding.parameter(free[static_cast<std::size_t>(i)]);
      configuration[parameter] = space_.CoordinateAt(parameter, x[i]);
    }
    return configuration;
  }

  const SearchSpace& space_;
  const History& history_;
  const SurrogateModel& model_;
  std::unordered_set<std::uint64_t> seen_;
  std::vector<Configuration> entered_;
  std::vector<Candidate> best_;
};

// Draws from the whole space, and variants and children of the front's trials.
void EnterPool(const SearchSpace& space, const History& history, const SurrogateModel& model,
               Random& random, Contest& contest) {
  for (std::size_t i = 0; i < kRandom; ++i) contest.Enter(Draw(space, random));
  const auto& front = model.front();
  const auto parent = [&]() -> const Configuration& {
    return history.entries()[front[random.Below(front.size())]].configuration;
  };
  for (std::size_t i = 0; i < kVariants; ++i) {
    const Configuration& a = parent();
    contest.Enter(Cross(space, a, i % 3 == 0 ? parent() : a, random));
  }
}

// A trial of the front that was trained less than it could be, and what it would be with more.
struct Promotion {
  std::size_t number;
  Configuration configuration;
};

// With three times the fidelity and with all of it [Schmucker2021]; what is new to the history.
std::vector<Promotion> PromotionsOf(const SearchSpace& space, const History& history,
                                    const SurrogateModel& model) {
  std::vector<Promotion> promotions;
  const auto fidelity = space.fidelity();
  if (!fidelity) return promotions;
  constexpr double kFactor = 3.0;
  const double most = space.parameters()[*fidelity].high;
  for (const std::size_t number : model.front()) {
    Configuration promoted = history.entries()[number].configuration;
    const double now = *promoted[*fidelity];
    if (now >= most) continue;
    for (const double more : {std::min(kFactor * now, most), most}) {
      promoted[*fidelity] = space.CoordinateAt(*fidelity, space.KeyOf(*fidelity, more));
      if (!space.Contains(promoted)) continue;  // more of it activates other parameters
      if (!history.Contains(promoted)) promotions.push_back({number, promoted});
    }
  }
  return promotions;
}

/// What is proposed in the end.
struct Winner {
  Configuration configuration;
  double score;
  std::optional<std::size_t> continues;
};

/// The best of the contest, or a promotion that goes on where the shorter trial ended, if its rest
/// is worth more.
Winner BestOf(const History& history, const SurrogateModel& model, const Contest& contest,
              const std::vector<Promotion>& promotions, bool resumes) {
  const Candidate& best = contest.best().front();
  Winner winner{best.configuration, best.score, std::nullopt};
  std::vector<Configuration> longer;
  std::vector<std::size_t> shorter;
  std::vector<double> paid;
  for (const Promotion& promotion : promotions) {
    const auto& cost = history.entries()[promotion.number].spending.cost;
    if (!resumes || !cost) continue;
    longer.push_back(promotion.configuration);
    shorter.push_back(promotion.number);
    paid.push_back(*cost);
  }
  if (longer.empty()) return winner;
  const VectorXd scores = model.LogScores(model.embedding().Place(longer), paid);
  for (std::size_t i = 0; i < longer.size(); ++i) {
    const double score = scores[static_cast<Index>(i)];
    if (score > winner.score) winner = {longer[i], score, shorter[i]};
  }
  return winner;
}

void Search(const SearchSpace& space, const History& history, const SurrogateModel& model,
            Random& random, Contest& contest) {
  if (space.CountConfigurations(kSmallSpace)) {
    for (auto& configuration : space.AllConfigurations(kSmallSpace)) {
      contest.Enter(std::move(configuration));
    }
    contest.Judge();
    return;
  }
  EnterPool(space, history, model, random, contest);
  contest.Judge();
  for (std::size_t round = 0; round < kRounds; ++round) {
    for (const Candidate& candidate : contest.best()) {
      for (std::size_t k = 0; k < kRoundVariants; ++k) {
        contest.Enter(Cross(space, candidate.configuration, candidate.configuration, random));
      }
    }
    contest.Judge();
    if (round % 2 == 0) continue;
    contest.Climb(kClimbed, kClimbIterations);
    contest.Judge();
  }
}

// What the model's deviations are multiplied by. Where the latest trials brought nothing new it is
// overconfident: it goes on digging where it expects a gain that is not there. Then every second
// proposal trusts it less.
double Spread(const History& history) {
  if (TrialsSinceGain(history, kPatience) < kPatience || history.size() % 2 == 0) return 1.0;
  return history.size() % 4 == 1 ? 2.0 : 4.0;
}

Proposed Fallback(const SearchSpace& space, const History& history, const Terms& terms,
                  const char* why) {
  auto proposal = Nsga2Sampler().Propose(space, history, terms);
  if (proposal) proposal->reason += why;
  return proposal;
}

}  // namespace

Proposed SurrogateSampler::Propose(const SearchSpace& space, const History& history,
                                   const Terms& terms) const {
  if (history.size() < StartSize(space) || history.evaluated() < kLeastEvaluated) {
    return ProposeStart(space, history, terms);
  }
  Random random(terms.seed, Mix64(kStream) + history.size());
  const auto best = BestTrials(history, kCentres);
  const std::size_t centre = best[random.Below(best.size())].number;
  constexpr const char* kNothingLearned =
      "; the surrogate foretells the trials no better than a constant";
  if (Embedding(space).dimensions() == 0) return Fallback(space, history, terms, kNothingLearned);
  const SurrogateModel model(space, history, terms, centre, Spread(history), memory_);
  if (!model.Holds()) {
    return Fallback(space, history, terms, "; no surrogate can be computed from these trials");
  }
  if (!(model.LeaveOneOutGain() > kLeastGain)) {
    return Fallback(space, history, terms, kNothingLearned);
  }
  if (!model.KnowsCost() && !MeanCostFits(history, terms)) {
    return tl::unexpected(NoProposal::kTooDear);
  }
  Contest contest(space, history, model);
  const std::vector<Promotion> promotions = PromotionsOf(space, history, model);
  for (const Promotion& promotion : promotions) contest.Enter(promotion.configuration);
  Search(space, history, model, random, contest);
  if (contest.best().empty()) {
    return ProposeRandom(space, history, terms, random,
                         "drawn at random: nothing new was found near the front");
  }
  const Winner winner = BestOf(history, model, contest, promotions, terms.resumes);
  if (winner.score == SurrogateModel::kTooDear) return tl::unexpected(NoProposal::kTooDear);
  std::string reason = model.KnowsFeasible() ? "largest expected gain"
                                             : "most probably feasible: no trial has been so far";
  const auto promotion =
      std::find_if(promotions.begin(), promotions.end(),
                   [&](const Promotion& p) { return p.configuration == winner.configuration; });
  if (winner.continues) {
    reason += fmt::format(": goes on with trial {}", *winner.continues);
  } else if (promotion != promotions.end()) {
    reason += fmt::format(": promotes trial {}", promotion->number);
  }
  return Proposal{winner.configuration, "surrogate",
                  std::move(reason),    model.Foretell(winner.configuration),
                  winner.continues,     model.ForetellCost(winner.configuration)};
}

}  // namespace joulefront
