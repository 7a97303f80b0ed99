#include "search/ranked_fronts.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include "base/check.h"

namespace joulefront {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

bool IsLessCrowded(const RankedTrial& a, const RankedTrial& b) {
  return a.crowding != b.crowding ? a.crowding > b.crowding : a.number < b.number;
}

}  // namespace

bool RankedFronts::Equal(std::uint32_t a, std::uint32_t b) const {
  const double* values = values_.data();
  return std::equal(values + a * objectives_, values + (a + 1) * objectives_,
                    values + b * objectives_);
}

bool RankedFronts::Dominates(std::uint32_t a, std::uint32_t b) const {
  bool better = false;
  for (std::size_t k = 0; k < objectives_; ++k) {
    if (At(a, k) > At(b, k)) return false;
    better = better || At(a, k) < At(b, k);
  }
  return better;
}

bool RankedFronts::Precedes(std::uint32_t a, std::uint32_t b, std::size_t k) const {
  return At(a, k) != At(b, k) ? At(a, k) < At(b, k) : a < b;
}

// Whether a member dominates the trial. Only those before it in the first objective can; in two
// objectives the last of them is the best in the second. What has an equal here is not dominated.
bool RankedFronts::Dominates(const Front& front, std::uint32_t number) const {
  const Numbers& members = front[0];
  const double limit = At(number, 0);
  if (objectives_ == 2) {
    const auto after =
        std::partition_point(members.begin(), members.end(),
                             [&](std::uint32_t member) { return At(member, 0) <= limit; });
    return after != members.begin() && Dominates(*std::prev(after), number);
  }
  for (const std::uint32_t member : members) {
    const double first = At(member, 0);
    if (first > limit || (first == limit && Equal(member, number))) return false;
    if (Dominates(member, number)) return true;
  }
  return false;
}

RankedFronts::Numbers::const_iterator RankedFronts::FirstFrom(const Front& front,
                                                              double first) const {
  return std::partition_point(front[0].begin(), front[0].end(),
                              [&](std::uint32_t member) { return At(member, 0) < first; });
}

void RankedFronts::Place(std::uint32_t number, Numbers& members, std::size_t k) {
  const auto place =
      std::partition_point(members.begin(), members.end(),
                           [&](std::uint32_t member) { return Precedes(member, number, k); });
  members.insert(place, number);
}

void RankedFronts::Insert(std::size_t number, std::span<const double> objectives) {
  JF_CHECK(objectives.size() == objectives_);
  JF_CHECK(number < kNone);
  if (number >= copies_.size()) {
    copies_.resize(number + 1);
    values_.resize((number + 1) * objectives_);
  }
  std::copy(objectives.begin(), objectives.end(),
            values_.begin() + static_cast<std::ptrdiff_t>(number * objectives_));
  const auto trial = static_cast<std::uint32_t>(number);
  copies_[trial] = 0;
  const auto first =
      std::partition_point(by_rank_.begin(), by_rank_.end(),
                           [&](std::uint32_t front) { return Dominates(fronts_[front], trial); });
  const auto rank = static_cast<std::size_t>(first - by_rank_.begin());
  objectives_ == 2 ? InsertInChains(rank, trial) : InsertInSets(rank, trial);
}

// A new front, before the one that had its rank.
void RankedFronts::AddFront(std::size_t rank, Front front) {
  by_rank_.insert(by_rank_.begin() + static_cast<std::ptrdiff_t>(rank),
                  static_cast<std::uint32_t>(fronts_.size()));
  fronts_.push_back(std::move(front));
}

// Two objectives. A front is a chain, and what a block of one front dominates in the next is a
// block again: a member between its ends is dominated by something in the front before, and the
// neighbours in the block are the nearest there are.
void RankedFronts::InsertInChains(std::size_t rank, std::uint32_t number) {
  for (Numbers block = {number};; ++rank) {
    if (rank == size()) return AddFront(rank, {std::move(block)});
    Numbers& chain = fronts_[by_rank_[rank]][0];
    const double x = At(block.front(), 0), y = At(block.back(), 1);
    const auto first = FirstFrom(fronts_[by_rank_[rank]], x);
    const auto last = std::partition_point(
        first, chain.cend(), [&](std::uint32_t member) { return At(member, 1) >= y; });
    if (first == last) {
      chain.insert(first, block.begin(), block.end());
      return;
    }
    if (Equal(*first, block.front())) {  // only the new trial can be, in its own front
      copies_[std::max(*first, number)] = 1;
      chain.insert(std::lower_bound(first, last, number), number);
      return;
    }
    if (first == chain.cbegin() && last == chain.cend()) {
      return AddFront(rank, {std::move(block)});
    }
    Numbers displaced(first, last);
    const auto place = chain.erase(first, last);
    chain.insert(place, block.begin(), block.end());
    block = std::move(displaced);
  }
}

RankedFronts::Numbers RankedFronts::Dominated(const Front& front, const Numbers& by) const {
  double least = kInfinity;
  for (const std::uint32_t b : by) least = std::min(least, At(b, 0));
  Numbers dominated;
  std::copy_if(FirstFrom(front, least), front[0].end(), std::back_inserter(dominated),
               [&](std::uint32_t member) {
                 return std::any_of(by.begin(), by.end(),
                                    [&](std::uint32_t b) { return Dominates(b, member); });
               });
  return dominated;
}

RankedFronts::Front RankedFronts::FrontOf(const Numbers& members) const {
  Front front(objectives_, members);
  for (std::size_t k = 0; k < objectives_; ++k) {
    std::sort(front[k].begin(), front[k].end(),
              [&](std::uint32_t a, std::uint32_t b) { return Precedes(a, b, k); });
  }
  return front;
}

void RankedFronts::InsertInSets(std::size_t rank, std::uint32_t number) {
  if (rank < size()) {
    Front& front = fronts_[by_rank_[rank]];
    const auto equal =
        std::find_if(FirstFrom(front, At(number, 0)), front[0].cend(), [&](std::uint32_t member) {
          return At(member, 0) > At(number, 0) || (!copies_[member] && Equal(member, number));
        });
    if (equal != front[0].end() && Equal(*equal, number)) {
      copies_[std::max(*equal, number)] = 1;
      for (std::size_t k = 0; k < objectives_; ++k) Place(number, front[k], k);
      return;
    }
  }
  for (Numbers entering = {number};; ++rank) {
    if (rank == size()) return AddFront(rank, FrontOf(entering));
    Front& front = fronts_[by_rank_[rank]];
    Numbers leaving = Dominated(front, entering);
    if (leaving.size() == front[0].size()) return AddFront(rank, FrontOf(entering));
    std::sort(leaving.begin(), leaving.end());
    for (std::size_t k = 0; k < objectives_; ++k) {
      if (!leaving.empty()) {
        std::erase_if(front[k], [&](std::uint32_t member) {
          return std::binary_search(leaving.begin(), leaving.end(), member);
        });
      }
      for (const std::uint32_t entrant : entering) Place(entrant, front[k], k);
    }
    if (leaving.empty()) return;
    entering = std::move(leaving);
  }
}

// Members are sorted by the objective, so its range lies between the ends.
Scale RankedFronts::ScaleOf(const Numbers& members, std::size_t k) const {
  Scale scale;
  scale.Cover(At(members.front(), k));
  scale.Cover(At(members.back(), k));
  return scale;
}

// Both objectives in one pass along the chain.
void RankedFronts::MeasureChain(const Numbers& chain, std::vector<double>& distances) const {
  const Scale x = ScaleOf(chain, 0), y = ScaleOf(chain, 1);
  struct {
    double x, y;
  } before{}, here{};
  std::size_t last = chain.size(), seen = 0;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (copies_[chain[i]]) continue;
    const double* at = values_.data() + 2 * std::size_t{chain[i]};
    const double next_x = x.OfFinite(at[0]), next_y = y.OfFinite(at[1]);
    if (seen > 1) distances[last] = (next_x - before.x) + (before.y - next_y);
    if (seen == 0) distances[i] = kInfinity;
    ++seen;
    before = std::exchange(here, {next_x, next_y});
    last = i;
  }
  distances[last] = kInfinity;
}

// Adds, in one objective, the gap between its neighbours to every member that is no copy, as
// CrowdingDistances does.
void RankedFronts::AddGaps(const Front& front, std::size_t k, double* distances) const {
  const Numbers& members = front[k];
  if (At(members.front(), k) == At(members.back(), k)) return;
  const Scale scale = ScaleOf(members, k);
  double before = 0.0, here = 0.0;
  std::uint32_t last = members.front();
  std::size_t seen = 0;
  for (const std::uint32_t member : members) {
    if (copies_[member]) continue;
    const double next = scale.OfFinite(At(member, k));
    if (seen > 1) distances[last] += next - before;
    if (seen == 0) distances[member] = kInfinity;
    ++seen;
    before = std::exchange(here, next);
    last = member;
  }
  distances[last] = kInfinity;
}

std::vector<double> RankedFronts::Crowding(const Front& front) const {
  const Numbers& members = front[0];
  std::vector<double> distances(members.size(), 0.0);
  if (objectives_ == 2) {
    MeasureChain(members, distances);
    return distances;
  }
  // By number; the others are never touched.
  const auto by_number = std::make_unique_for_overwrite<double[]>(copies_.size());
  std::size_t distinct = 0, only = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    by_number[members[i]] = 0.0;
    if (copies_[members[i]]) continue;
    ++distinct;
    only = i;
  }
  for (std::size_t k = 0; k < objectives_; ++k) AddGaps(front, k, by_number.get());
  for (std::size_t i = 0; i < members.size(); ++i) distances[i] = by_number[members[i]];
  if (distinct == 1) distances[only] = kInfinity;
  return distances;
}

void RankedFronts::AppendBest(std::size_t count, std::vector<RankedTrial>& best) const {
  for (std::uint32_t rank = 0; rank < size() && count > 0; ++rank) {
    const Front& front = fronts_[by_rank_[rank]];
    const Numbers& members = front[0];
    const auto distances = Crowding(front);
    const auto begin = static_cast<std::ptrdiff_t>(best.size());
    const std::size_t taken = std::min(count, members.size());
    const auto end = begin + static_cast<std::ptrdiff_t>(taken);
    // Keeps up to twice as many as are wanted: few of a large front ever get so far.
    RankedTrial last{kNone, rank, -1.0};
    const auto keep_best = [&] {
      std::nth_element(best.begin() + begin, best.begin() + end - 1, best.end(), IsLessCrowded);
      best.erase(best.begin() + end, best.end());
      last = best.back();
    };
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (distances[i] < last.crowding) continue;
      const RankedTrial trial{members[i], rank, distances[i]};
      if (!IsLessCrowded(trial, last)) continue;
      best.push_back(trial);
      if (best.size() == static_cast<std::size_t>(begin) + 2 * taken) keep_best();
    }
    keep_best();
    std::sort(best.begin() + begin, best.end(), IsLessCrowded);
    count -= taken;
  }
}

}  // namespace joulefront
