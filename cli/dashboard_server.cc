#include "cli/dashboard_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <httplib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/html_report.h"
#include "cli/study_reader.h"

namespace joulefront {
namespace {

using nlohmann::ordered_json;
using std::chrono::milliseconds;

// A viewer keeps a thread; so does a connection that says nothing, until it is closed.
constexpr int kMostViewers = 24;
constexpr std::size_t kThreads = 256;
constexpr std::time_t kPatience = 2;  // seconds for the rest of a request, and for the next one
// After so long without news a stream says that it is still there; less than what the reader takes
// for being wanted.
constexpr milliseconds kLongestSilence{5'000};

enum HttpStatus : int {
  kSeeOther = 303,
  kForbidden = 403,
  kNotFoundHere = 404,
  kMethodNotAllowed = 405,
  kMisdirected = 421,
  kTooBusy = 503,
};

/// Without its port: "[::1]:80" -> "::1".
std::string WithoutPort(const std::string& host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

bool IsAddress(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), address) == 1;
}

/// Takes as long whether or not they agree.
bool SameSecret(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char other = i < b.size() ? b[i] : '\0';
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[i] ^ other));
  }
  return difference == 0;
}

std::string CookieOf(const httplib::Request& request, const std::string& name) {
  const std::string cookies = "; " + request.get_header_value("Cookie");
  const std::string mark = "; " + name + "=";
  const auto found = cookies.find(mark);
  if (found == std::string::npos) return "";
  const auto from = found + mark.size();
  return cookies.substr(from, cookies.find(';', from) - from);
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::vector<std::string> AllOf(const httplib::Request& request, const std::string& parameter) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < request.get_param_value_count(parameter); ++i) {
    values.push_back(request.get_param_value(parameter, i));
  }
  return values;
}

/// Not SO_REUSEPORT, by which two dashboards could share a port unawares.
void ReuseAddress(int socket) {
  const int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

/// "report digits" -> "report".
std::string EventOf(const std::string& topic) { return topic.substr(0, topic.find(' ')); }

}  // namespace

bool IsLoopback(const std::string& address) {
  return address == "localhost" || address == "::1" ||
         (address.starts_with("127.") && IsAddress(address));
}

bool NamesThisMachine(const std::string& host, const std::string& host_name) {
  const std::string name = WithoutPort(host);
  return IsAddress(name) || name == "localhost" || (!name.empty() && name == host_name);
}

DashboardServer::DashboardServer(Topics& topics, DashboardOptions options)
    : topics_(topics),
      options_(std::move(options)),
      host_name_(HostName()),
      server_(std::make_unique<httplib::Server>()) {
  server_->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  server_->set_socket_options(ReuseAddress);
  server_->set_read_timeout(kPatience);
  server_->set_keep_alive_timeout(kPatience);
  const httplib::Headers always = {{"X-Content-Type-Options", "nosniff"},
                                   {"X-Frame-Options", "DENY"},
                                   {"Referrer-Policy", "no-referrer"},
                                   {"Cache-Control", "no-store"}};
  server_->set_default_headers(always);
  SetRoutes();
}

void DashboardServer::SetRoutes() {
  const auto guard = [this](const httplib::Request& request, httplib::Response& response) {
    const int refusal = Refusal(request);
    if (refusal == 0) return httplib::Server::HandlerResponse::Unhandled;
    response.status = refusal;
    response.set_content(refusal == kForbidden
                             ? "The token is missing or wrong: open the address that "
                               "joulefront dashboard printed.\n"
                             : "This is a joulefront dashboard, and no request for it.\n",
                         "text/plain");
    return httplib::Server::HandlerResponse::Handled;
  };
  server_->set_pre_routing_handler(guard);
  server_->Get("/", [this](const auto& request, auto& response) { AnswerPage(request, response); });
  server_->Get("/events",
               [this](const auto& request, auto& response) { AnswerEvents(request, response); });
}

DashboardServer::~DashboardServer() = default;

Result<int> DashboardServer::Bind() {
  errno = 0;
  const int port = options_.port == 0 ? server_->bind_to_any_port(options_.address)
                   : server_->bind_to_port(options_.address, options_.port) ? options_.port
                                                                            : -1;
  if (port > 0) return options_.port = port;
  return Fail(
      ErrorCode::kUnavailable,
      fmt::format("cannot listen at {}, port {}: {}; --port 0 takes a free one", options_.address,
                  options_.port, errno != 0 ? strerror(errno) : "no such address on this machine"));
}

void DashboardServer::Serve() { server_->listen_after_bind(); }
void DashboardServer::Stop() { server_->stop(); }

std::string DashboardServer::CookieName() const {
  return fmt::format("joulefront_{}", options_.port);  // cookies know no ports
}

bool DashboardServer::HasToken(const httplib::Request& request) const {
  return options_.token.empty() || SameSecret(options_.token, CookieOf(request, CookieName())) ||
         SameSecret(options_.token, request.get_param_value("token"));
}

int DashboardServer::Refusal(const httplib::Request& request) const {
  const std::string host = request.get_header_value("Host");
  if (!NamesThisMachine(host, host_name_)) return kMisdirected;
  const std::string origin = request.get_header_value("Origin");
  if (!origin.empty() && origin != "http://" + host) return kMisdirected;
  if (request.method != "GET" && request.method != "HEAD") return kMethodNotAllowed;
  return HasToken(request) ? 0 : kForbidden;
}

void DashboardServer::AnswerPage(const httplib::Request& request, httplib::Response& response) {
  if (request.has_param("token")) {
    // Into a cookie, so that it does not stay in the address.
    response.set_header("Set-Cookie", fmt::format("{}={}; HttpOnly; SameSite=Strict; Path=/",
                                                  CookieName(), options_.token));
    response.set_redirect("/", kSeeOther);
    return;
  }
  const auto studies = StudiesIn(topics_);
  std::string study = request.get_param_value("study");
  if (study.empty() && !studies.empty()) study = studies.front();
  if (!study.empty() && std::find(studies.begin(), studies.end(), study) == studies.end()) {
    response.status = kNotFoundHere;
    response.set_content("The store holds no study of this name.\n", "text/plain");
    return;
  }
  const ordered_json live = {
      {"live", true}, {"study", study}, {"beside", AllOf(request, "beside")}};
  response.set_header("Content-Security-Policy", "frame-ancestors 'none'");
  response.set_content(HtmlReport(live), "text/html; charset=utf-8");
}

void DashboardServer::AnswerEvents(const httplib::Request& request, httplib::Response& response) {
  if (viewers_.fetch_add(1) >= kMostViewers) {
    viewers_.fetch_sub(1);
    response.status = kTooBusy;
    return;
  }
  const auto studies = StudiesIn(topics_);
  const auto held = [&](const std::string& study) {
    return std::find(studies.begin(), studies.end(), study) != studies.end();
  };
  Topics::Seen seen = {{kStudiesTopic, 0}, {kTroubleTopic, 0}};
  if (const auto study = request.get_param_value("study"); held(study)) {
    seen[StandingTopic(study)] = 0;
    seen[ReportTopic(study)] = 0;
  }
  for (const std::string& study : AllOf(request, "beside")) {
    if (held(study)) seen[FrontTopic(study)] = 0;
  }
  response.set_chunked_content_provider(
      "text/event-stream",
      [this, seen](std::size_t, httplib::DataSink& sink) mutable {
        const auto news = topics_.Wait(seen, kLongestSilence);
        if (topics_.closed()) {
          sink.done();
          return true;
        }
        std::string text = news.empty() ? ": still here\n\n" : "";
        for (const auto& [topic, data] : news) {
          text += fmt::format("event: {}\ndata: {}\n\n", EventOf(topic), data);
        }
        return sink.write(text.data(), text.size());
      },
      [this](bool) { viewers_.fetch_sub(1); });
}

}  // namespace joulefront
