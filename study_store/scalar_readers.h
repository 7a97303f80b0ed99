// What reads the scalars of each format. Private to the .cc files of study_store.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "study_store/text_scalars.h"

namespace joulefront {

Result<std::vector<TextScalar>> YamlScalars(std::string_view text);
Result<std::vector<TextScalar>> JsonScalars(std::string_view text);
Result<std::vector<TextScalar>> TomlScalars(std::string_view text);

/// Deeper texts are refused.
inline constexpr std::size_t kDeepestText = 100;

/// Where a reader is, from what it meets: lists and mappings, whose nodes are keys and values in
/// turn.
class PathWalk {
 public:
  void Begin(bool is_mapping) {
    if (AtKey()) frames_.back().key = "?";  // a key that is no scalar cannot be named
    frames_.push_back({.is_mapping = is_mapping, .at_key = is_mapping, .key = {}});
  }
  void End() {
    frames_.pop_back();
    Pass();
  }
  bool AtKey() const { return !frames_.empty() && frames_.back().at_key; }
  void Key(std::string key) {
    frames_.back().key = std::move(key);
    Pass();
  }
  /// A scalar that is no key.
  void Pass() {
    if (frames_.empty()) return;
    Frame& frame = frames_.back();
    if (frame.is_mapping) frame.at_key = !frame.at_key;
    if (!frame.is_mapping) ++frame.index;
  }
  std::size_t depth() const { return frames_.size(); }
  KeyPath path() const {
    KeyPath path;
    for (const Frame& frame : frames_) {
      path.push_back(frame.is_mapping ? frame.key : std::to_string(frame.index));
    }
    return path;
  }

 private:
  struct Frame {
    bool is_mapping, at_key;
    std::string key;
    std::size_t index = 0;
  };
  std::vector<Frame> frames_;
};

}  // namespace joulefront
