// Runs the real joulefront in a folder of its own, as a person would.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace joulefront {

/// What a command left behind. `code`: its exit status, or 128 + the signal that ended it.
struct Outcome {
  int code = -1;
  std::string out, err;
};

/// A folder that lives as long as the object, in which commands run.
class Workshop {
 public:
  Workshop();
  ~Workshop();
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  std::string operator/(const std::string& name) const { return folder_ + "/" + name; }
  void Write(const std::string& name, const std::string& text) const;
  std::string Read(const std::string& name) const;
  bool Has(const std::string& name) const;

  /// joulefront with these arguments, and this text as its stdin.
  Outcome Run(const std::vector<std::string>& arguments, const std::string& input = "") const;

  /// A line of sh(1), in which $JF is joulefront.
  Outcome Shell(const std::string& line) const;

  /// All that joulefront shows on a terminal of 100 columns, which is its stdin, stdout and stderr.
  Outcome RunOnTerminal(const std::vector<std::string>& arguments) const;

 private:
  Outcome Execute(const std::vector<std::string>& command, const std::string& input) const;

  std::string folder_;
};

/// An ask-tell session that answers line by line.
class Conversation {
 public:
  Conversation(const Workshop& workshop, const std::vector<std::string>& arguments);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  /// Says a line and gives the answer.
  std::string Say(const std::string& line);
  /// kill -9, or the end of its input. Gives the code as in Outcome.
  int Kill(int signal);
  int End();

 private:
  int Wait();

  pid_t pid_ = -1;
  int to_ = -1, from_ = -1;
};

}  // namespace joulefront
