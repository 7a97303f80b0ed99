#include "workers/meters/host.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>

#include "base/files.h"
#include "workers/meters/calibration_json.h"
#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

constexpr std::size_t kLargestRecord = 1 << 20;

using nlohmann::json;

std::string ReadCpuInfo(const SystemRoots& roots) {
  return ReadFile(roots.proc + "/cpuinfo").value_or("");
}

/// The value of the first "key : value" line of /proc/cpuinfo; empty if there is none.
std::string CpuInfo(std::string_view text, std::string_view key) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (line.starts_with(key) && colon != std::string_view::npos &&
        line.find_first_not_of(" \t", key.size()) == colon) {
      const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
      return begin == std::string_view::npos ? "" : std::string(line.substr(begin));
    }
    at = end + 1;
  }
  return "";
}

std::string ProcessorModel(std::string_view text) {
  const std::string model = CpuInfo(text, "model name");
  if (!model.empty()) return model;
  const std::string implementer = CpuInfo(text, "CPU implementer");  // Arm gives numbers only
  if (implementer.empty()) return "unknown processor";
  return fmt::format("processor {}/{}", implementer, CpuInfo(text, "CPU part"));
}

int CountProcessors(const std::string& cpuinfo) {
  constexpr std::string_view kKey = "\nprocessor\t";
  int count = cpuinfo.starts_with(kKey.substr(1)) ? 1 : 0;
  for (auto at = cpuinfo.find(kKey); at != std::string::npos; at = cpuinfo.find(kKey, at + 1)) {
    ++count;
  }
  return count;
}

HostRecord RecordFromJson(const json& object) {
  HostRecord record;
  record.host = object.at("host");
  record.probed = object.value("probed", "");
  const json idles = object.value("idle", json::object());
  for (const auto& [name, idle] : idles.items()) {
    record.idle[name] = {Watts(idle.at("watts")), idle.at("variation"),
                         Seconds(idle.at("measured_for_s")), Seconds(idle.at("update_period_s"))};
  }
  for (const json& check : object.value("checks", json::array())) {
    const auto boundary = BoundaryFromName(check.at("boundary").get<std::string>());
    if (!boundary) continue;
    record.checks.push_back(
        {check.at("first"), check.at("second"), *boundary, check.at("ratio").get<double>()});
  }
  if (object.contains("calibration")) {
    record.calibration = CalibrationFromJson(object.at("calibration"));
  }
  return record;
}

json ToJson(const HostRecord& record) {
  json object = {{"host", record.host},
                 {"probed", record.probed},
                 {"idle", json::object()},
                 {"checks", json::array()}};
  for (const CrossCheck& check : record.checks) {
    object["checks"].push_back({{"first", check.first},
                                {"second", check.second},
                                {"boundary", Name(check.boundary)},
                                {"ratio", check.ratio}});
  }
  for (const auto& [name, idle] : record.idle) {
    object["idle"][name] = {{"watts", idle.power.value()},
                            {"variation", idle.variation},
                            {"measured_for_s", idle.measured_for.value()},
                            {"update_period_s", idle.update_period.value()}};
  }
  if (record.calibration) object["calibration"] = CalibrationToJson(*record.calibration);
  return object;
}

}  // namespace

std::string HostFingerprint(const SystemRoots& roots) {
  const std::string cpuinfo = ReadCpuInfo(roots);
  const std::string kernel =
      ReadKernelLine(roots.proc + "/sys/kernel/osrelease").value_or("unknown");
  return fmt::format("{}, {} CPUs, Linux {}", ProcessorModel(cpuinfo), CountProcessors(cpuinfo),
                     kernel);
}

bool IsVirtualMachine(const SystemRoots& roots) {
  const std::string cpuinfo = ReadCpuInfo(roots);
  const std::size_t flags = cpuinfo.find("\nflags");
  if (flags == std::string::npos) return false;
  const std::string line = cpuinfo.substr(flags, cpuinfo.find('\n', flags + 1) - flags) + " ";
  return line.find(" hypervisor ") != std::string::npos;
}

Result<HostRecord> LoadHostRecord(const std::string& path, const std::string& host) {
  HostRecord empty;
  empty.host = host;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return empty;
  const auto text = ReadRegularFile(path, kLargestRecord);
  if (!text) {
    return Fail(ErrorCode::kUnavailable,
                fmt::format("{}; it is the record of what was measured on this machine: mend its "
                            "permissions or remove it",
                            text.error().message));
  }
  try {
    HostRecord record = RecordFromJson(json::parse(*text));
    return record.host == host ? record : empty;
  } catch (const std::exception& problem) {
    return Fail(ErrorCode::kCorrupt,
                fmt::format("{} is no record of what was measured on a machine ({}); remove it, "
                            "and run `joulefront meters --probe` again",
                            path, problem.what()));
  }
}

Result<void> SaveHostRecord(const std::string& path, const HostRecord& record) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  const std::string fresh = path + ".new";
  std::filesystem::remove(fresh, error);  // a link of this name is not followed
  {
    std::ofstream stream(fresh);
    stream << ToJson(record).dump(2, ' ', false, json::error_handler_t::replace) << "\n";
    if (!stream.flush()) error = std::make_error_code(std::errc::io_error);
  }
  if (!error) std::filesystem::rename(fresh, path, error);
  if (!error) return {};
  return Fail(ErrorCode::kUnavailable, fmt::format("cannot write {}: {}; make room there, or set "
                                                   "XDG_STATE_HOME to a folder of yours",
                                                   path, error.message()));
}

}  // namespace joulefront
