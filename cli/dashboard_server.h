// The dashboard's web server: the page of reports, and a stream of events that keeps it up to date.
// It answers GET and HEAD, to those who know the token if there is one, and only where the request
// names this machine as a browser would that means it: another site's page cannot read through a
// browser, by asking across origins or by giving its own name our address.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/topics.h"

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace joulefront {

struct DashboardOptions {
  std::string address = "127.0.0.1";
  int port = 0;       // 0: any that is free
  std::string token;  // empty: none is asked for
};

/// Whether only programs of this machine reach the address.
bool IsLoopback(const std::string& address);

/// Whether a Host header names this machine without a way round through DNS: an address, localhost,
/// or the machine's own name, each perhaps with a port.
bool NamesThisMachine(const std::string& host, const std::string& host_name);

class DashboardServer {
 public:
  DashboardServer(Topics& topics, DashboardOptions options);
  ~DashboardServer();

  /// Takes the port, and gives it. Errors: kUnavailable.
  Result<int> Bind();
  void Serve();  // until Stop() is called, from another thread
  void Stop();

 private:
  void SetRoutes();
  /// Why a request is refused, as an HTTP status; 0 if it is not.
  int Refusal(const httplib::Request& request) const;
  bool HasToken(const httplib::Request& request) const;
  void AnswerPage(const httplib::Request& request, httplib::Response& response);
  void AnswerEvents(const httplib::Request& request, httplib::Response& response);
  std::string CookieName() const;

  Topics& topics_;
  DashboardOptions options_;
  std::string host_name_;
  std::unique_ptr<httplib::Server> server_;
  std::atomic<int> viewers_{0};
};

}  // namespace joulefront
