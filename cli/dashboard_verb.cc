#include <fmt/format.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "base/files.h"
#include "cli/console.h"
#include "cli/dashboard_server.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "cli/study_reader.h"
#include "workers/process.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;

constexpr const char* kAbout =
    "Shows the studies of a store in a browser, live: what `export --format html` shows, kept up\n"
    "to date while they run, and the fronts of several beside one another. It only reads; looking\n"
    "never disturbs a running study, and takes about a hundredth of a core. Only programs of\n"
    "this machine reach it, unless --bind says otherwise; then it asks for a token. Ctrl-C ends "
    "it.\n\n"
    "examples:\n"
    "  joulefront dashboard digits.db\n"
    "  ssh -L 8042:localhost:8042 server joulefront dashboard digits.db     of another machine\n"
    "  joulefront dashboard postgresql://db.example.org/studies --bind 0.0.0.0";

constexpr int kDefaultPort = 8042, kLargestPort = 65535;

/// 128 bits from the system.
std::string NewToken() {
  std::random_device system;
  std::string token;
  for (int word = 0; word < 4; ++word) token += fmt::format("{:08x}", system());
  return token;
}

std::string UrlOf(const DashboardOptions& options, int port) {
  const bool everywhere = options.address == "0.0.0.0" || options.address == "::";
  const std::string host = everywhere ? "localhost" : options.address;
  return fmt::format("http://{}:{}/{}", host.find(':') == host.npos ? host : "[" + host + "]", port,
                     options.token.empty() ? "" : "?token=" + options.token);
}

/// So that it is being made while the browser starts.
void WantFirstReport(Topics& topics) {
  const auto studies = StudiesIn(topics);
  if (studies.empty()) return;
  Topics::Seen seen = {{ReportTopic(studies.front()), 0}};
  static_cast<void>(topics.Wait(seen, std::chrono::milliseconds(0)));
}

/// --token TEXT, or @FILE; else JOULEFRONT_TOKEN; else "". Every user can read an argument list.
Result<std::string> TokenOf(const VerbOptions& options) {
  const char* environment = std::getenv("JOULEFRONT_TOKEN");
  if (!options.Has("token")) return std::string(environment == nullptr ? "" : environment);
  std::string token = *options.Get("token");
  if (token.starts_with('@')) {
    constexpr std::size_t kLongest = 1000;
    auto file = ReadInput(token.substr(1), kLongest);
    if (!file) return Pass(file, "--token");
    token = std::move(*file);
    while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  }
  if (token.empty()) return Fail(ErrorCode::kInvalidArgument, "--token is empty");
  return token;
}

int Run(const std::string& store_path, const DashboardOptions& options) {
  SignalWatch signals;  // before there are threads: they leave signals to this one
  Topics topics;
  auto reader = StudyReader::Open(store_path, topics);
  if (!reader) return Complain("dashboard", reader.error());
  (*reader)->Look();
  WantFirstReport(topics);
  DashboardServer server(topics, options);
  const auto port = server.Bind();
  if (!port) return Complain("dashboard", port.error());
  std::thread reading([&] { KeepLooking(**reader, topics); });
  std::thread serving([&] { server.Serve(); });
  PrintNote(
      fmt::format("dashboard of {}: {}   (Ctrl-C ends it)\n", store_path, UrlOf(options, *port)));
  while (signals.stop_requests() == 0) PauseFor(signals, Seconds(3600.0));
  topics.Close();
  server.Stop();
  serving.join();
  reading.join();
  return 128 + signals.stop_signal();
}

}  // namespace

int DashboardVerb(const Arguments& arguments) {
  VerbOptions options("dashboard STORE [flags]", kAbout);
  options.options().add_options()("port", po::value<int>()->default_value(kDefaultPort),
                                  "where it listens; 0: at any port that is free")(
      "bind", po::value<std::string>()->default_value("127.0.0.1"),
      "the address it listens at; 0.0.0.0: all of this machine's")(
      "token", po::value<std::string>(),
      "what viewers must know, or @FILE that holds it; by default JOULEFRONT_TOKEN of the "
      "environment, else one is made up if others than this machine reach it (every user of this "
      "machine can read an argument list)");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  auto token = TokenOf(options);
  if (!token) return options.Refuse(token.error().message);
  DashboardOptions dashboard{.address = *options.Get("bind"),
                             .port = *options.Get<int>("port"),
                             .token = std::move(*token)};
  if (dashboard.port < 0 || dashboard.port > kLargestPort) {
    return options.Refuse(fmt::format("--port is from 0 to {}", kLargestPort));
  }
  const bool spoils_urls =
      dashboard.token.find_first_not_of(
          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != std::string::npos;
  if (spoils_urls) return options.Refuse("--token has letters, digits, - and _ only");
  if (dashboard.token.empty() && !IsLoopback(dashboard.address)) dashboard.token = NewToken();
  const auto place = FindStore(options.positional().empty() ? "" : options.positional()[0]);
  if (!place) return Complain("dashboard", place.error());
  return Run(place->path, dashboard);
}

}  // namespace joulefront
