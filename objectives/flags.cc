#include "objectives/flags.h"

#include <charconv>
#include <cmath>

#include "objectives/bad_input.h"

namespace joulefront::objectives {

bool FlagReader::Next() {
  if (next_ == arguments_.size()) return false;
  flag_ = arguments_[next_++];
  value_.reset();
  if (const std::size_t equals = flag_.find('='); equals != std::string::npos) {
    value_ = flag_.substr(equals + 1);
    flag_.resize(equals);
  }
  return true;
}

bool FlagReader::Is(const std::string& name, bool takes_value) {
  if (flag_ != name || (!takes_value && value_)) return false;
  if (takes_value && !value_) {
    if (next_ == arguments_.size()) throw BadInput(flag_ + ": a value is missing");
    value_ = arguments_[next_++];
  }
  return true;
}

std::pair<std::string, std::string> FlagReader::Assignment() const {
  const std::size_t equals = value_->find('=');
  if (equals == std::string::npos || equals == 0) {
    throw BadInput(flag_ + ": expected name=value, got '" + *value_ + "'");
  }
  return {value_->substr(0, equals), value_->substr(equals + 1)};
}

double FlagReader::Number() const {
  double number = 0.0;
  const char* end = value_->data() + value_->size();
  const auto [stop, error] = std::from_chars(value_->data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) {
    throw BadInput(flag_ + ": expected a number, got '" + *value_ + "'");
  }
  return number;
}

void FlagReader::Refuse() const {
  throw BadInput("unknown argument '" + flag_ + "'; --help shows what there is");
}

}  // namespace joulefront::objectives
