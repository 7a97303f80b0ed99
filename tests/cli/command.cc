#include "tests/cli/command.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

extern char** environ;

namespace joulefront {
namespace {

constexpr const char* kProgram = JOULEFRONT_BIN_DIR "/joulefront";

std::vector<char*> Pointers(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

int CodeOf(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

std::vector<std::string> Command(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {kProgram};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

}  // namespace

Workshop::Workshop() {
  std::string name = (std::filesystem::temp_directory_path() / "joulefront-cli-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()) != nullptr);
  folder_ = name;
  REQUIRE(setenv("JF", kProgram, 1) == 0);
  unsetenv("JOULEFRONT_STORE");
}

Workshop::~Workshop() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Workshop::Write(const std::string& name, const std::string& text) const {
  std::ofstream(*this / name, std::ios::binary) << text;
}

std::string Workshop::Read(const std::string& name) const {
  std::ifstream file(*this / name, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool Workshop::Has(const std::string& name) const { return std::filesystem::exists(*this / name); }

Outcome Workshop::Run(const std::vector<std::string>& arguments, const std::string& input) const {
  return Execute(Command(arguments), input);
}

Outcome Workshop::Shell(const std::string& line) const {
  return Execute({"/bin/sh", "-c", line}, "");
}

Outcome Workshop::Execute(const std::vector<std::string>& command, const std::string& input) const {
  Write(".in", input);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder_.c_str());
  constexpr int kWrite = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, 0, ".in", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, ".out", kWrite, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, ".err", kWrite, 0600);
  pid_t pid = -1;
  const int failed =
      posix_spawn(&pid, command[0].c_str(), &actions, nullptr, Pointers(command).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  REQUIRE(failed == 0);
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return {.code = CodeOf(status), .out = Read(".out"), .err = Read(".err")};
}

Outcome Workshop::RunOnTerminal(const std::vector<std::string>& arguments) const {
  const std::vector<std::string> command = Command(arguments);
  const std::vector<char*> words = Pointers(command);
  const winsize size{.ws_row = 24, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t pid = forkpty(&terminal, nullptr, nullptr, &size);
  REQUIRE(pid >= 0);
  if (pid == 0) {
    setenv("TERM", "xterm", 1);
    if (chdir(folder_.c_str()) == 0) execv(kProgram, words.data());
    _exit(127);
  }
  Outcome outcome;
  std::array<char, 4096> buffer;
  for (ssize_t n; (n = read(terminal, buffer.data(), buffer.size())) > 0;) {
    outcome.out.append(buffer.data(), static_cast<std::size_t>(n));
  }
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  close(terminal);
  outcome.code = CodeOf(status);
  return outcome;
}

Conversation::Conversation(const Workshop& workshop, const std::vector<std::string>& arguments) {
  std::array<int, 2> in{}, out{};
  REQUIRE(pipe2(in.data(), O_CLOEXEC) == 0);
  REQUIRE(pipe2(out.data(), O_CLOEXEC) == 0);
  const std::vector<std::string> command = Command(arguments);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, (workshop / "").c_str());
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  const int failed =
      posix_spawn(&pid_, kProgram, &actions, nullptr, Pointers(command).data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  to_ = in[1];
  from_ = out[0];
  REQUIRE(failed == 0);
}

Conversation::~Conversation() {
  if (pid_ > 0) Kill(SIGKILL);
  close(to_);
  close(from_);
}

std::string Conversation::Say(const std::string& line) {
  const std::string text = line + "\n";
  REQUIRE(write(to_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  std::string answer;
  for (char c; read(from_, &c, 1) == 1 && c != '\n';) answer += c;
  return answer;
}

int Conversation::Kill(int signal) {
  kill(pid_, signal);
  return Wait();
}

int Conversation::End() {
  close(std::exchange(to_, -1));
  return Wait();
}

int Conversation::Wait() {
  int status = 0;
  REQUIRE(waitpid(std::exchange(pid_, -1), &status, 0) > 0);
  return CodeOf(status);
}

}  // namespace joulefront
