#include "objectives/torch/whole_file.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace joulefront::objectives {

void WriteWhole(const std::string& path, const std::string& bytes) {
  const std::string partial = path + ".new";
  errno = 0;
  std::ofstream file(partial, std::ios::binary);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(partial, path, error);
  if (file && !error) return;
  throw std::runtime_error("cannot write " + path + ": " +
                           (error ? error.message() : std::strerror(errno)));
}

std::string WhyNotWritable(const std::string& path) {
  std::error_code error;
  // What is there is replaced by rename: a device would become a file.
  const auto there = std::filesystem::status(path, error);
  if (std::filesystem::exists(there) && !std::filesystem::is_regular_file(there)) {
    return "it is no plain file";
  }
  const std::string partial = path + ".new";
  errno = 0;
  const bool opened = std::ofstream(partial, std::ios::binary).is_open();
  const std::string why = opened ? "" : std::strerror(errno);
  if (opened) std::filesystem::remove(partial, error);
  return why;
}

}  // namespace joulefront::objectives
