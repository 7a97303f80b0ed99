// The branches of a command: configurations, one for each combination of values that decides which
// parameters are active and which words stand in the command.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "search/space.h"
#include "study_store/study.h"

namespace joulefront {

struct Branch {
  Configuration configuration;
  std::vector<std::size_t> deciding;  // the parameters that decide it, active here
};

struct Branches {
  std::vector<Branch> shown;
  bool more = false;  // there are others
};

/// At most `most` of them: first one of each shape (which parameters are active, which words
/// remain), then further combinations of choices. Other parameters have the study's default, the
/// centre of their range or their first choice.
Branches BranchesOf(const Study& study, std::size_t most);

}  // namespace joulefront
