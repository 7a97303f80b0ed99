// The connection to PostgreSQL is lost at each request of every kind of write, before the server
// has it or before its answer is there.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/study_store/postgres_database.h"
#include "tests/study_store/write_scenario.h"

using namespace joulefront;

namespace {

enum class Cut { kBeforeRequest, kBeforeAnswer };

/// Passes connections on to a port of loopback, one at a time, and ends the one in which the n-th
/// request comes.
class CuttingProxy {
 public:
  explicit CuttingProxy(int to) : to_(to), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = Loopback(0);
    socklen_t size = sizeof address;
    REQUIRE(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_, 16) == 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~CuttingProxy() {
    ending_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  int port() const { return port_; }
  void CutAt(int n, Cut how) {
    how_ = how;
    left_ = n;
  }
  bool HasCut() const { return left_ == 0; }

 private:
  static sockaddr_in Loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  void Serve() {
    while (!ending_) {
      const int near = accept(listener_, nullptr, nullptr);
      if (near < 0) return;
      const int far = socket(AF_INET, SOCK_STREAM, 0);
      const sockaddr_in address = Loopback(to_);
      if (connect(far, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        Pass(near, far);
      }
      close(near);
      close(far);
    }
  }

  void Pass(int near, int far) {
    std::array<pollfd, 2> fds = {{{near, POLLIN, 0}, {far, POLLIN, 0}}};
    std::array<char, 65536> buffer;
    while (!ending_) {
      if (poll(fds.data(), fds.size(), 50) <= 0) continue;
      for (const bool request : {true, false}) {
        const int from = request ? near : far, to = request ? far : near;
        if ((fds[request ? 0 : 1].revents & (POLLIN | POLLHUP)) == 0) continue;
        const ssize_t size = read(from, buffer.data(), buffer.size());
        if (size <= 0) return;
        const bool cut = request && left_ > 0 && --left_ == 0;
        if (cut && how_ == Cut::kBeforeRequest) return;
        if (write(to, buffer.data(), static_cast<std::size_t>(size)) != size) return;
        if (!cut) continue;
        static_cast<void>(read(far, buffer.data(), buffer.size()));  // it has been done
        return;
      }
    }
  }

  int to_, listener_, port_ = 0;
  std::atomic<bool> ending_ = false;
  std::atomic<int> left_ = -1;
  std::atomic<Cut> how_ = Cut::kBeforeRequest;
  std::thread thread_;
};

/// Runs the scenario with a cut at the n-th request; whether there was one.
bool RunWithCut(int n, Cut how, const std::vector<std::string>& after_step) {
  PostgresDatabase database;
  const auto direct = database.Open();
  const std::string& url = database.url();
  const auto colon = url.rfind(':'), slash = url.rfind('/');
  CuttingProxy proxy(std::stoi(url.substr(colon + 1, slash - colon - 1)));
  auto store = Require(
      OpenPostgresStore(url.substr(0, colon + 1) + std::to_string(proxy.port()) + url.substr(slash),
                        OpenMode::kWrite, PostgresConnection::Clock::kCallers));
  const std::vector<Step> steps = Scenario();
  // Not the study itself: a number that a failed transaction took is not given again.
  Require(steps[0](*direct));
  proxy.CutAt(n, how);
  for (std::size_t k = 1; k < steps.size(); ++k) {
    CAPTURE(k);
    auto done = steps[k](*store);
    if (done) continue;
    REQUIRE(proxy.HasCut());
    CHECK(done.error().code == ErrorCode::kUnreachable);
    // The server may still be at what it has not heard the end of.
    const std::string& none = after_step[k - 1];
    std::string found;
    for (int looks = 0; looks < 100; ++looks) {
      found = Show(*direct);
      if (found == after_step[k]) break;
      if (looks > 10 && found == none) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    const bool happened = found == after_step[k];
    if (!happened) REQUIRE(found == none);
    // A result that was kept by a commit whose answer was lost is recognised when it is told again.
    const bool finish = IsFinish(k);
    if (!happened || finish) done = steps[k](*store);
    if (!done && (!happened || finish)) FAIL(done.error().message);
    REQUIRE(Show(*direct) == after_step[k]);
  }
  REQUIRE(Show(*direct) == after_step.back());
  return proxy.HasCut();
}

}  // namespace

TEST_CASE("whichever request loses its connection, an operation happens entirely or not at all") {
  const std::vector<std::string> after_step = ModelAfterEachStep();
  const Cut how = GENERATE(Cut::kBeforeRequest, Cut::kBeforeAnswer);
  // All of them with JOULEFRONT_EVERY_FAULT in the environment.
  const int stride = std::getenv("JOULEFRONT_EVERY_FAULT") != nullptr ? 1 : 5;
  int n = 1;
  while (true) {
    CAPTURE(static_cast<int>(how), n);
    if (!RunWithCut(n, how, after_step)) break;
    n += stride;
  }
  CHECK(n > 100);
}
