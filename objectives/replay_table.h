// `joulefront-train table`: answers from a table of results that were measured earlier, instead of
// training: to try searches, rules of stopping and budgets in seconds.
#pragma once

#include <string>
#include <vector>

namespace joulefront::objectives {

/// Looks up the configuration and reports what the table holds for it. Throws BadInput, and
/// std::runtime_error for a configuration that the table lacks.
void AnswerFromTable(const std::vector<std::string>& arguments, const std::string& configuration);

}  // namespace joulefront::objectives
