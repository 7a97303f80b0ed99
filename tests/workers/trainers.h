// What the tests of the workers share: a folder, studies from a few words, tiny trainers.
#pragma once

#include <fmt/format.h>
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/files.h"
#include "study_store/study_file.h"

namespace joulefront {

/// A folder that lives as long as the object.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "joulefront-workers-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = std::filesystem::canonical(name);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline std::string ReadAll(const std::string& path) { return ReadFile(path).value_or(""); }

inline void WriteAll(const std::string& path, const std::string& text, bool executable = false) {
  std::ofstream(path, std::ios::binary) << text;
  if (!executable) return;
  std::filesystem::permissions(path, std::filesystem::perms::owner_exec,
                               std::filesystem::perm_options::add);
}

/// Texts as a TOML array.
inline std::string TomlArray(const std::vector<std::string>& texts) {
  std::string array;
  for (const std::string& text : texts) {
    REQUIRE(text.find("'''") == std::string::npos);
    array += (array.empty() ? "'''" : ", '''") + text + "'''";
  }
  return "[" + array + "]";
}

/// A study file: objective "error" reported, "energy" the joules of everything; `settings` are more
/// tables, such as "[workers]\ntimeout = '1 s'".
inline std::string StudyText(const std::vector<std::string>& command,
                             const std::string& settings = "") {
  return "[study]\nname = 's'\n"
         "[objectives]\nerror = { direction = 'minimize' }\n"
         "energy = { direction = 'minimize', phase = 'total' }\n"
         "[space]\nx = { type = 'float', low = 0.0, high = 1.0 }\n"
         "[trainer]\ncommand = " +
         TomlArray(command) + "\n" + settings;
}

inline Study MakeStudy(const std::string& text, const std::string& folder) {
  auto file = ParseStudyFile(text, folder + "/study.toml");
  if (!file) FAIL(file.error().message);
  return std::move(file->study);
}

}  // namespace joulefront
