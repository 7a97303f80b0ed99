// Tables in CSV files (dataset.h says what is read how).
#pragma once

#include "objectives/dataset.h"

namespace joulefront::objectives {

/// Columns and classes are those of `reference`, or found in the file if it is null.
Dataset ReadCsv(const std::string& path, const std::string& label, const Dataset* reference);

}  // namespace joulefront::objectives
