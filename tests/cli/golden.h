// Outputs that are kept whole, in tests/cli/golden. After a change that is wanted:
//   JOULEFRONT_UPDATE_GOLDEN=1 build/full/bin/test_cli, and read the difference
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace joulefront {

inline void CheckGolden(const std::string& name, const std::string& text) {
  const std::string path = std::string(JOULEFRONT_SOURCE_DIR "/tests/cli/golden/") + name;
  if (std::getenv("JOULEFRONT_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream kept;
  kept << file.rdbuf();
  INFO(path);
  CHECK(text == kept.str());
}

}  // namespace joulefront
