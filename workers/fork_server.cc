#include "workers/fork_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>

#include "base/check.h"
#include "base/printable.h"
#include "workers/python_preload.h"

namespace joulefront {
namespace {

constexpr Seconds kLongestImport(600.0), kLongestFork(60.0);
constexpr std::string_view kOptions[] = {"-u", "-B", "-E", "-O", "-OO", "-s"};

/// "python3", "python3.11", "/venv/bin/python".
bool IsPython(const std::string& program) {
  const std::string name = std::filesystem::path(program).filename().string();
  return name.starts_with("python") &&
         name.find_first_not_of("0123456789.", std::strlen("python")) == std::string::npos;
}

/// The environment without what tells an attempt from others, so that no import goes by it.
std::vector<std::string> WithoutAttempt(std::vector<std::string> environment) {
  std::erase_if(environment,
                [](const std::string& entry) { return entry.starts_with("JOULEFRONT_"); });
  return environment;
}

bool SendAll(int socket, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(socket, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// Sends the text's length with the two files, then the text.
bool SendRequest(int socket, const std::array<int, 2>& files, const std::string& text) {
  auto size = static_cast<std::uint32_t>(text.size());
  iovec head{&size, sizeof size};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof files)> control{};
  msghdr message{};
  message.msg_iov = &head;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof files);
  std::memcpy(CMSG_DATA(rights), files.data(), sizeof files);
  return sendmsg(socket, &message, MSG_NOSIGNAL) == static_cast<ssize_t>(sizeof size) &&
         SendAll(socket, text);
}

}  // namespace

std::optional<std::size_t> ForkServer::ScriptIn(const std::vector<std::string>& arguments) {
  if (arguments.empty() || !IsPython(arguments[0])) return std::nullopt;
  std::size_t i = 1;
  while (i < arguments.size() &&
         std::find(std::begin(kOptions), std::end(kOptions), arguments[i]) != std::end(kOptions)) {
    ++i;
  }
  const bool is_script = i < arguments.size() && !arguments[i].starts_with('-');
  return is_script ? std::optional(i) : std::nullopt;
}

Result<ForkServer*> ForkServer::For(const std::vector<std::string>& arguments,
                                    const std::vector<std::string>& environment) {
  using Key = std::pair<std::vector<std::string>, std::vector<std::string>>;
  static std::map<Key, std::unique_ptr<ForkServer>> servers;
  const auto script = ScriptIn(arguments);
  JF_CHECK(script.has_value());
  std::vector<std::string> command(arguments.begin(),
                                   arguments.begin() + static_cast<std::ptrdiff_t>(*script) + 1);
  auto plain = WithoutAttempt(environment);
  auto& server = servers[{command, plain}];  // imports may go by OMP_NUM_THREADS and its kin
  if (server != nullptr && server->IsThere()) return server.get();
  std::unique_ptr<ForkServer> made(new ForkServer(*script, command, std::move(plain)));
  JF_TRY(made->Start());
  JF_TRY(made->AwaitImports());
  server = std::move(made);
  return server.get();
}

/// The kernel gives its pid to nobody else until we have waited for it.
bool ForkServer::IsThere() const {
  return process_.pid > 0 && waitpid(process_.pid, nullptr, WNOHANG) == 0;
}

Result<void> ForkServer::Start() {
  if (IsThere()) {
    kill(process_.pid, SIGKILL);
    waitpid(process_.pid, nullptr, 0);
  }
  ForgetHelper(process_.pid);
  process_ = {};
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return Fault(strerror(errno));
  socket_ = FileDescriptor(ends[0]);
  const FileDescriptor other(ends[1]);
  std::vector<std::string> command(arguments_.begin(), arguments_.end() - 1);
  command.insert(command.end(), {"-c", "import os; exec(os.read(0, 1 << 20))"});
  std::vector<std::string> environment = environment_;
  environment.push_back(fmt::format("JOULEFRONT_PRELOAD={}:{}", other.get(), arguments_.back()));
  auto started = Spawn({.arguments = std::move(command),
                        .environment = std::move(environment),
                        .folder = "/",
                        .input = std::string(kPythonPreload),
                        .kept_file = other.get()});
  if (!started) return Pass(started);
  process_ = std::move(*started);
  KeepHelper(process_.pid);
  return {};
}

/// Its first answer: the CPU time that the imports took.
Result<void> ForkServer::AwaitImports() {
  auto took = Answer(kLongestImport);
  if (!took) return Pass(took);
  loading_ = loading_ + Seconds(std::atof(took->c_str()));
  process_.out.Close();  // what it prints is for nobody
  process_.err.Close();
  return {};
}

tl::unexpected<Error> ForkServer::Fault(const std::string& why) const {
  return Fail(ErrorCode::kUnavailable,
              fmt::format("[trainer] preload = true: {} with what '{}' imports: {}", arguments_[0],
                          arguments_.back(), why));
}

/// A line of the server's.
Result<std::string> ForkServer::Answer(Seconds longest) {
  const Seconds end = MonotonicNow() + longest;
  for (std::string line; true;) {
    const Seconds left = end - MonotonicNow();
    pollfd ready{socket_.get(), POLLIN, 0};
    if (left <= Seconds() ||
        poll(&ready, 1, static_cast<int>(std::ceil(left.value() * 1e3))) == 0) {
      return Fault(fmt::format("no answer within {}", FormatSeconds(longest)));
    }
    char c = 0;
    const ssize_t size = recv(socket_.get(), &c, 1, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    if (c == '\n') return line;
    line += c;
  }
  std::array<char, 1000> words{};
  const ssize_t size =
      process_.err.open() ? read(process_.err.get(), words.data(), words.size()) : 0;
  return Fault(size <= 0 ? "it has ended"
                         : Printable({words.data(), static_cast<std::size_t>(size)}));
}

Result<ChildProcess> ForkServer::Ask(const SpawnOptions& options) {
  std::array<FileDescriptor, 4> ends;  // read and write ends of stdout, then of stderr
  for (std::size_t i = 0; i < 4; i += 2) {
    int pipe[2];
    if (pipe2(pipe, O_CLOEXEC) != 0) return Fault(strerror(errno));
    ends[i] = FileDescriptor(pipe[0]);
    ends[i + 1] = FileDescriptor(pipe[1]);
    fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  }
  std::string request;
  const auto add = [&](std::string_view text) { request.append(text).push_back('\0'); };
  add(options.folder);
  add(options.join);
  add(std::to_string(options.death_signal));
  add(std::to_string(options.arguments.size() - script_));
  for (std::size_t i = script_; i < options.arguments.size(); ++i) add(options.arguments[i]);
  for (const std::string& entry : options.environment) add(entry);
  if (!SendRequest(socket_.get(), {ends[1].get(), ends[3].get()}, request)) {
    return Fault(strerror(errno));
  }
  auto answer = Answer(kLongestFork);
  if (!answer) return Pass(answer);
  if (answer->starts_with('!')) return Fault(Printable(answer->substr(1)));
  ChildProcess child;
  child.pid = std::atoi(answer->c_str());
  child.out = std::move(ends[0]);
  child.err = std::move(ends[2]);
  if (child.pid <= 1) return Fault("it answers '" + Printable(*answer, 100) + "'");
  return child;
}

Result<ChildProcess> ForkServer::Fork(const SpawnOptions& options) {
  auto child = Ask(options);
  if (child || IsThere()) return child;
  JF_TRY(Start());
  JF_TRY(AwaitImports());
  return Ask(options);
}

}  // namespace joulefront
