// Files that are there whole or not at all, whenever the process is killed.
#pragma once

#include <string>

namespace joulefront::objectives {

/// Throws std::runtime_error with the reason.
void WriteWhole(const std::string& path, const std::string& bytes);

/// Whether WriteWhole() could write there now; leaves nothing behind. Empty if so, else why not.
std::string WhyNotWritable(const std::string& path);

}  // namespace joulefront::objectives
