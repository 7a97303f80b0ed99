// The front as a table, for people and for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/table.h"
#include "study_store/front.h"

namespace joulefront {

/// A front to show.
struct FrontView {
  const Study& study;
  const std::vector<Trial>& trials;
  const std::vector<std::optional<std::int64_t>>& steps;  // of each trial that is a report
  const Front& front;
  std::optional<std::size_t> chosen;  // index into front.points
  bool lifetime = false;              // joules of training and inference are shown one by one
};

/// "energy [J, estimated]": with the unit and the classes of its joules on the front.
std::string TitleOf(const FrontView& view, const Objective& objective);

/// `exact`: for programs, with every digit and more columns; else for people.
Table FrontTable(const FrontView& view, bool exact);

}  // namespace joulefront
