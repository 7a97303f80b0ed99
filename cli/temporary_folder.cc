#include "cli/temporary_folder.h"

#include <stdlib.h>

#include <filesystem>

namespace joulefront {

TemporaryFolder::TemporaryFolder() {
  std::error_code none;
  std::string pattern = (std::filesystem::temp_directory_path(none) / "joulefront-XXXXXX").string();
  if (!none && mkdtemp(pattern.data()) != nullptr) path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace joulefront
