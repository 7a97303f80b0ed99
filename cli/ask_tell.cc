#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/console.h"
#include "cli/options.h"
#include "cli/studies.h"
#include "study_store/first_trials.h"
#include "study_store/front.h"
#include "study_store/proposer.h"
#include "workers/study_runner.h"
#include "workers/worker.h"

namespace joulefront {
namespace {

namespace po = boost::program_options;
using nlohmann::ordered_json;

constexpr const char* kAbout =
    "Drives the search from any language: one JSON object a line on stdin, one answer a line on\n"
    "stdout. The session decides when to stop, so [budget] and [trainer] are not needed. With "
    "--store\n"
    "the trials are kept, and the next session goes on; without it they live in memory.\n\n"
    "  {\"ask\": 2}                                -> {\"trials\": [{\"number\": 0, "
    "\"configuration\": "
    "{...}}, ...]}\n"
    "  {\"tell\": 0, \"values\": {\"error\": 0.1, \"energy\": 33.0}}  -> {\"ok\": true}\n"
    "  {\"tell\": 1, \"failed\": \"out of memory\"}  -> {\"ok\": true}\n"
    "  {\"progress\": 0, \"step\": 3, \"values\": {\"error\": 0.2}}   -> {\"ok\": true}  (on its "
    "way)\n"
    "  {\"front\": true}                           -> {\"front\": [{\"number\", \"configuration\", "
    "\"values\"}]}\n\n"
    "Values are in the study file's units (joules for metered objectives) and directions. A bad "
    "line is\n"
    "answered by {\"error\": \"...\"}. When every configuration has been proposed, those of the "
    "front "
    "come\n"
    "again.\n\n"
    "example:\n"
    "  echo '{\"ask\": 3}' | joulefront ask-tell study.toml";

constexpr std::int64_t kMostAsked = 10'000;
constexpr std::chrono::seconds kLease(60);
constexpr Seconds kRenewal(20.0);

class Session {
 public:
  Session(StudyStore& store, StudyId id, const Study& study)
      : store_(store), id_(id), study_(study), proposer_(store, id, study), self_(ThisWorker(0)) {}

  /// A new study begins with the study file's default.
  Result<void> Begin() {
    JF_TRY(proposer_.Refresh());
    return AddDefault(proposer_, std::nullopt, CalendarNow());
  }

  ordered_json Answer(const std::string& line) {
    const auto request = ordered_json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!request.is_object()) {
      return Error("a line must be one JSON object; NaN and Infinity are no JSON numbers");
    }
    constexpr const char* kCommands[] = {"ask", "tell", "progress", "front"};
    const auto named = std::count_if(std::begin(kCommands), std::end(kCommands),
                                     [&](const char* name) { return request.contains(name); });
    if (named != 1) {
      return Error("a line must hold one of \"ask\", \"tell\", \"progress\" and \"front\"");
    }
    if (request.contains("ask")) return Ask(request["ask"]);
    if (request.contains("tell")) return Tell(request);
    if (request.contains("progress")) return TakeProgress(request);
    return request["front"] == true ? ShowFront() : Error("\"front\" must be true");
  }

  /// Keeps what was asked for and not yet told from being taken for lost.
  void RenewLeases() {
    for (const auto& [number, claim] : asked_) {
      static_cast<void>(store_.RenewLease(claim, CalendarNow() + kLease, {}));
    }
  }

  /// What was never told waits for the next session.
  void GiveBack() {
    for (const auto& [number, claim] : asked_) {
      static_cast<void>(store_.FinishAttempt(
          claim, {.state = AttemptState::kInterrupted, .message = "its session ended"}, {},
          CalendarNow()));
    }
  }

 private:
  static ordered_json Error(const std::string& message) { return {{"error", message}}; }

  ordered_json Ask(const ordered_json& count) {
    if (!count.is_number_integer() || count.get<std::int64_t>() < 1 ||
        count.get<std::int64_t>() > kMostAsked) {
      return Error(fmt::format("\"ask\" must be a whole number from 1 to {}", kMostAsked));
    }
    if (auto refreshed = proposer_.Refresh(); !refreshed) return Error(refreshed.error().message);
    ordered_json trials = ordered_json::array();
    for (std::int64_t i = 0; i < count.get<std::int64_t>(); ++i) {
      auto claim = ClaimNext();
      // What was claimed before the error must be told; the next ask shows it again.
      if (!claim && trials.empty()) return Error(claim.error().message);
      if (!claim || !*claim) break;
      trials.push_back({{"number", (*claim)->trial},
                        {"configuration", ordered_json::parse((*claim)->configuration)}});
      asked_.emplace((*claim)->trial, std::move(**claim));
    }
    return {{"trials", trials}};
  }

  /// A trial that an earlier session left waiting, else a new one; empty if there is none.
  Result<std::optional<Claim>> ClaimNext() {
    const TimePoint now = CalendarNow();
    auto claim = store_.ClaimTrial(id_, self_, now + kLease, now);
    if (!claim || *claim) return claim;
    auto proposed = proposer_.Propose(std::nullopt, std::nullopt, now);  // [budget] does not bind
    if (!proposed) return Pass(proposed);
    std::optional<TrialNumber> number;
    if (*proposed) {
      number = **proposed;
    } else if (proposed->error() == NoProposal::kExhausted) {
      auto again = proposer_.ProposeAgain(now);
      if (!again) return Pass(again);
      number = *again;
    }
    if (!number) return std::optional<Claim>();
    return store_.ClaimTrial(id_, self_, now + kLease, now, *number);
  }

  /// The trial that is asked for and not yet told, whose number stands under `key`.
  Result<std::map<TrialNumber, Claim>::iterator> FindAsked(const ordered_json& request,
                                                           const char* key) {
    const ordered_json& number = request[key];
    if (!number.is_number_integer()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("\"{}\" must be the number of a trial", key));
    }
    const auto claim = asked_.find(number.get<TrialNumber>());
    if (claim == asked_.end()) {
      return Fail(ErrorCode::kInvalidArgument,
                  fmt::format("trial {} is not waiting to be told here", number.dump()));
    }
    return claim;
  }

  ordered_json TakeProgress(const ordered_json& request) {
    auto claim = FindAsked(request, "progress");
    if (!claim) return Error(claim.error().message);
    const auto step = request.find("step");
    if (step == request.end() || !step->is_number_integer() || step->get<std::int64_t>() < 0) {
      return Error("a progress report needs \"step\": a whole number, 0 or more");
    }
    auto values = ReadValues(request);
    if (!values) return Error(values.error().message);
    auto added =
        store_.AddProgress((*claim)->second, step->get<std::int64_t>(), *values, CalendarNow());
    if (!added) return Error(added.error().message);
    return {{"ok", true}};
  }

  ordered_json Tell(const ordered_json& request) {
    const auto found = FindAsked(request, "tell");
    if (!found) return Error(found.error().message);
    const auto claim = *found;
    AttemptResult result;
    if (request.contains("failed")) {
      if (!request["failed"].is_string()) return Error("\"failed\" must be a text");
      result = {.state = AttemptState::kFailed,
                .failure = FailureClass::kTold,
                .message = request["failed"].get<std::string>()};
    } else if (auto values = ReadResult(request); values) {
      result = {.state = AttemptState::kComplete, .values = std::move(*values)};
    } else {
      return Error(values.error().message);
    }
    auto finished = store_.FinishAttempt(claim->second, result, {}, CalendarNow());
    if (!finished) return Error(finished.error().message);
    asked_.erase(claim);
    return {{"ok", true}};
  }

  Result<NamedValues> ReadValues(const ordered_json& request) const {
    const auto refuse = [](const std::string& message) {
      return Fail(ErrorCode::kInvalidArgument, message);
    };
    const auto object = request.find("values");
    if (object == request.end() || !object->is_object()) {
      return refuse(
          "a line on a trial needs \"values\": {...}, a tell that or \"failed\": \"why\"");
    }
    NamedValues values;
    for (const auto& [name, value] : object->items()) {
      if (!value.is_number() || !std::isfinite(value.get<double>())) {
        return refuse(
            fmt::format("value \"{}\" is not a finite number; tell the trial as failed", name));
      }
      if (IsReservedName(name)) {
        return refuse(fmt::format("\"{}\" is a name of joulefront's own values", name));
      }
      values[name] = value.get<double>();
      if (values[name] < 0.0 && IsMetered(name)) {
        return refuse(fmt::format("value \"{}\" is in joules, which are never below 0", name));
      }
    }
    return values;
  }

  bool IsMetered(const std::string& name) const {
    const auto metered = [&](const auto& item) { return item.name == name && item.phase; };
    return std::any_of(study_.objectives.begin(), study_.objectives.end(), metered) ||
           std::any_of(study_.constraints.begin(), study_.constraints.end(), metered);
  }

  Result<NamedValues> ReadResult(const ordered_json& request) const {
    auto values = ReadValues(request);
    if (!values) return values;
    std::vector<std::string> needed;
    for (const Objective& objective : study_.objectives) needed.push_back(objective.name);
    for (const Constraint& constraint : study_.constraints) needed.push_back(constraint.name);
    for (const std::string& name : needed) {
      if (values->contains(name)) continue;
      return Fail(ErrorCode::kInvalidArgument, fmt::format("\"values\" lacks \"{}\"", name));
    }
    return values;
  }

  ordered_json ShowFront() {
    if (auto refreshed = proposer_.Refresh(); !refreshed) return Error(refreshed.error().message);
    ordered_json points = ordered_json::array();
    for (const FrontPoint& point : ComputeFront(study_, proposer_.trials()).points) {
      const Trial& trial = proposer_.trials()[point.trial];
      points.push_back({{"number", trial.number},
                        {"configuration", ordered_json::parse(trial.configuration)},
                        {"values", trial.values}});
    }
    return {{"front", points}};
  }

  StudyStore& store_;
  StudyId id_;
  const Study& study_;
  Proposer proposer_;
  WorkerIdentity self_;
  std::map<TrialNumber, Claim> asked_;
};

/// Prints the answer to one line; false if that fails. Blank lines have none.
bool Reply(Session& session, const std::string& line) {
  if (line.find_first_not_of(" \t\r") == std::string::npos) return true;
  using Handler = ordered_json::error_handler_t;
  return PrintData(session.Answer(line).dump(-1, ' ', false, Handler::replace) + "\n");
}

/// Answers every line of stdin until its end or a signal.
int Converse(Session& session, SignalWatch& signals) {
  std::string pending;
  std::array<char, 65536> buffer;
  Seconds renewed = MonotonicNow();
  while (signals.stop_requests() == 0) {
    std::array<pollfd, 2> fds = {{{STDIN_FILENO, POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
    poll(fds.data(), fds.size(), static_cast<int>(kRenewal.value() * 1e3));
    if (MonotonicNow() - renewed >= kRenewal) {
      session.RenewLeases();
      renewed = MonotonicNow();
    }
    signals.Drain();
    if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
    const ssize_t size = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (size <= 0) {  // a last line may lack its end
      if (!Reply(session, pending)) return kRunTimeFailure;
      break;
    }
    std::size_t searched = pending.size();
    pending.append(buffer.data(), static_cast<std::size_t>(size));
    for (std::size_t end; (end = pending.find('\n', searched)) != std::string::npos;) {
      const std::string line = pending.substr(0, end);
      pending.erase(0, end + 1);
      searched = 0;
      if (!Reply(session, line)) return kRunTimeFailure;
    }
  }
  return signals.stop_requests() > 0 ? 128 + signals.stop_signal() : kDone;
}

}  // namespace

int AskTellVerb(const Arguments& arguments) {
  VerbOptions options("ask-tell STUDY.toml [flags]", kAbout);
  options.options().add_options()("store", po::value<std::string>(),
                                  "keep the trials in this store (default: memory only)");
  if (const auto code = options.Parse(arguments, 1)) return *code;
  if (options.positional().empty()) return options.Refuse("name a study file");
  SignalWatch signals;
  auto file = ReadStudyFile(options.positional()[0]);
  if (!file) return Complain("ask-tell", file.error());
  for (const std::string& note : file->notes) PrintNote("note: " + note + "\n");
  OpenedStudy opened;
  if (const auto path = options.Get("store")) {
    auto stored = OpenForStudyFile(*file, *path);
    if (!stored) return Complain("ask-tell", stored.error());
    opened = std::move(*stored);
    auto reclaimed = ReclaimLostAttempts(*opened.store, opened.id, opened.study, *path);
    if (!reclaimed) return Complain("ask-tell", reclaimed.error());
  } else {
    opened.store = NewMemoryStore();
    opened.study = file->study;
    auto id = opened.store->CreateStudy(opened.study, CalendarNow());
    if (!id) return Complain("ask-tell", id.error());
    opened.id = *id;
  }
  if (auto open = opened.store->SetOpen(opened.id, true); !open) {
    return Complain("ask-tell", open.error());
  }
  Session session(*opened.store, opened.id, opened.study);
  if (auto begun = session.Begin(); !begun) return Complain("ask-tell", begun.error());
  const int code = Converse(session, signals);
  session.GiveBack();
  return code;
}

}  // namespace joulefront
