// Choosing from a front on the command line: --prefer, --weight, --lifetime-inferences.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.h"
#include "study_store/choosing.h"

namespace joulefront {

/// By what a person wants to choose.
struct Wish {
  enum class Kind { kNone, kPrefer, kWeight } kind = Kind::kNone;
  std::map<std::string, double> weights;  // by objective; see Prefer and Weigh
  std::optional<double> inferences;       // over the lives of the models
  FrontOptions front;                     // what is chosen from
};

/// A front, and what is chosen from it.
struct Choice {
  Study study;                // as recorded, or looked at over the lives of its models
  std::vector<Trial> trials;  // likewise
  Front front;
  std::optional<std::size_t> point;  // index into front.points; empty where nothing is asked for
  std::size_t without_lifetime = 0;  // trials whose inferences nothing is known of
};

void AddChoiceFlags(VerbOptions& options);

/// What the flags say; `front` is the caller's to fill. Errors: kInvalidArgument.
Result<Wish> WishOf(const VerbOptions& options);

/// The point that fits the wish; over a lifetime without another wish the cheapest, where bounds
/// say what is good enough, else the knee. A preference for an objective that is not named is 1,
/// and so is the price of what is paid. Errors: kInvalidArgument for names that are no objectives,
/// and those of LifetimeOf().
Result<Choice> Choose(const Study& study, std::vector<Trial> trials, const Wish& wish);

/// A sentence or two of what was chosen from the `study`: which trial was chosen, by what, and what
/// would change that. Empty if none.
std::string ChoiceText(const Study& study, const Wish& wish, const Choice& choice);

}  // namespace joulefront
