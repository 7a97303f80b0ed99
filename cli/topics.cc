#include "cli/topics.h"

namespace joulefront {

void Topics::Publish(const std::string& topic, std::string text) {
  const std::lock_guard lock(mutex_);
  Topic& entry = topics_[topic];
  if (entry.version > 0 && entry.text == text) return;
  entry.text = std::move(text);
  entry.version = ++last_version_;
  published_.notify_all();
}

Topics::News Topics::Wait(Seen& seen, std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  News news;
  const auto look = [&] {
    for (auto& [name, version] : seen) {
      const Topic& topic = topics_[name];
      if (topic.version <= version) continue;
      version = topic.version;
      news.emplace_back(name, topic.text);
    }
    return closed_ || !news.empty();
  };
  for (const auto& [name, unused] : seen) {
    Topic& topic = topics_[name];
    topic.wanted = Clock::now();
    if (topic.version > 0) continue;
    wish_ = true;
    wished_.notify_all();
  }
  published_.wait_for(lock, longest, look);
  if (closed_) news.clear();
  return news;
}

std::set<std::string> Topics::Wanted(std::chrono::milliseconds while_ago) {
  const std::lock_guard lock(mutex_);
  std::set<std::string> wanted;
  for (const auto& [name, topic] : topics_) {
    if (Clock::now() - topic.wanted < while_ago) wanted.insert(name);
  }
  return wanted;
}

void Topics::WaitForWish(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  wished_.wait_for(lock, longest, [&] { return wish_ || closed_; });
  wish_ = false;
}

void Topics::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  published_.notify_all();
  wished_.notify_all();
}

bool Topics::closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace joulefront
