// What one thread finds out and many others wait for: texts by topic, each with a version. Whoever
// finds out learns which topics anybody asks for, so that nothing is found out for nobody.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace joulefront {

class Topics {
 public:
  using Clock = std::chrono::steady_clock;

  /// Topic -> the version that somebody has seen.
  using Seen = std::map<std::string, std::int64_t>;
  using News = std::vector<std::pair<std::string, std::string>>;  // topic, text

  /// Gives a topic its text; nothing happens if it has it already.
  void Publish(const std::string& topic, std::string text);

  /// Waits until one of the topics in `seen` is newer than that, at most `longest`, and takes the
  /// new versions into it. Empty: nothing new, or closed.
  News Wait(Seen& seen, std::chrono::milliseconds longest);

  /// Topics that were waited for in the last `while_ago`.
  std::set<std::string> Wanted(std::chrono::milliseconds while_ago);

  /// Waits, at most `longest`, until a topic is wanted that has no text yet.
  void WaitForWish(std::chrono::milliseconds longest);

  /// Ends all waits, for good.
  void Close();
  bool closed();

 private:
  struct Topic {
    std::string text;
    std::int64_t version = 0;  // 0: no text yet
    Clock::time_point wanted{};
  };

  std::mutex mutex_;
  std::condition_variable published_, wished_;
  std::map<std::string, Topic> topics_;
  std::int64_t last_version_ = 0;
  bool wish_ = false, closed_ = false;
};

}  // namespace joulefront
