// Result<T>: a value, or an Error that a user or a machine caused. A message says what was tried,
// on what, and what to do. A code exists only where a caller branches on it. Nothing here throws.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace joulefront {

enum class ErrorCode {
  kInvalidArgument,  // input that no retry mends: a study file, a flag, a value
  kNotFound,         // no such file, study or trial
  kConflict,         // it exists already and differs, or a limit is reached
  kBusy,             // somebody else holds it; later may work
  kLeaseLost,        // the claim on an attempt is no longer this worker's
  kUnreachable,      // the store's server does not answer, or does not let us in
  kUnavailable,      // the machine refuses: no permission, a folder that is gone
  kShortage,       // the machine lacks descriptors, processes, memory or space now: later may work
  kNotExecutable,  // a program that is there cannot be executed
  kNoMeter,        // the source of joules that is demanded is not there
  kCorrupt,        // the store is not a store of ours, is damaged, or is of a newer version
};

struct Error {
  ErrorCode code;
  std::string message;
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

/// Fails a function that returns a Result: `return Fail(ErrorCode::kNotFound, "no study 'x'");`
inline tl::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// Passes an error on to a caller whose Result holds another type; `doing`, such as "claiming a
/// trial", is put before its message.
template <typename T>
tl::unexpected<Error> Pass(Result<T>& failed, const std::string& doing = "") {
  if (!doing.empty()) failed.error().message = doing + ": " + failed.error().message;
  return tl::unexpected<Error>(std::move(failed.error()));
}

}  // namespace joulefront

/// Returns the error of `expression` from the enclosing function, if it has one.
#define JF_TRY(expression)                                        \
  do {                                                            \
    auto jf_try_result = (expression);                            \
    if (!jf_try_result) return ::joulefront::Pass(jf_try_result); \
  } while (false)
