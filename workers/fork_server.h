// A Python process that has imported what the trainer imports, and forks each attempt: [trainer]
// preload = true for `python3 SCRIPT.py`. python_preload.py is its program.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "workers/process.h"

namespace joulefront {

class ForkServer {
 public:
  ~ForkServer() { ForgetHelper(process_.pid); }
  ForkServer(const ForkServer&) = delete;
  ForkServer& operator=(const ForkServer&) = delete;

  /// Whether it could serve this command: the index of the script in it. Empty if it is not of the
  /// form `python3 [-u ...] SCRIPT ...`.
  static std::optional<std::size_t> ScriptIn(const std::vector<std::string>& arguments);

  /// The server of the script that the arguments name, started with this environment (but for what
  /// tells an attempt from others) if it is not there yet; waits until everything is imported. One
  /// a script, for the life of this process, which must be a child subreaper. Errors: Spawn()'s;
  /// kUnavailable if it ends instead, with its words.
  static Result<ForkServer*> For(const std::vector<std::string>& arguments,
                                 const std::vector<std::string>& environment);

  /// Starts a child as Spawn() does, by a fork of the server: a child of this process all the same.
  /// Only `arguments`, `environment`, `folder`, `join` and `death_signal` of the options count, and
  /// it has pipes. A server that has ended is started again. Errors: kUnavailable.
  Result<ChildProcess> Fork(const SpawnOptions& options);

  /// CPU time that its imports took since this was last asked.
  Seconds TakeLoading() { return std::exchange(loading_, Seconds()); }

 private:
  ForkServer(std::size_t script, std::vector<std::string> arguments,
             std::vector<std::string> environment)
      : script_(script), arguments_(std::move(arguments)), environment_(std::move(environment)) {}

  bool IsThere() const;
  Result<void> Start();
  Result<void> AwaitImports();
  Result<std::string> Answer(Seconds longest);
  Result<ChildProcess> Ask(const SpawnOptions& options);
  tl::unexpected<Error> Fault(const std::string& why) const;

  std::size_t script_;
  std::vector<std::string> arguments_, environment_;
  ChildProcess process_;
  FileDescriptor socket_;
  Seconds loading_;
};

}  // namespace joulefront
