#include "workers/meters/ipmi_source.h"

#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "workers/meters/kernel_file.h"

namespace joulefront {
namespace {

// DCMI 1.5, section 6.6.1: group extension, Get Power Reading, system power statistics.
constexpr std::uint8_t kGroupExtension = 0x2c, kGetPowerReading = 0x02, kDcmi = 0xdc,
                       kSystemPower = 0x01;
constexpr std::uint8_t kMeasuring = 0x40;
constexpr std::size_t kAnswerSize = 19;
// Controllers answer in some 10 ms, and average over a second or more.
constexpr Seconds kPeriod{1.0};
constexpr int kFirstAnswerMs = 500;
constexpr double kUncertainty = 0.05;

class IpmiSource final : public EnergySource {
 public:
  IpmiSource(Domain domain, int device) : domain_(std::move(domain)), device_(device) { Ask(); }
  ~IpmiSource() override { close(device_); }
  IpmiSource(const IpmiSource&) = delete;

  const Domain& domain() const override { return domain_; }

  RawReading Read() override {
    RawReading reading;
    const auto watts = Collect();
    if (watts) reading.microwatts = std::uint64_t{*watts} * 1'000'000;
    if (!watts) reading.error = error_ != 0 ? error_ : ENODATA;
    Ask();
    return reading;
  }

 private:
  void Ask() {
    std::array<unsigned char, 4> question = {kDcmi, kSystemPower, 0, 0};
    ipmi_system_interface_addr address{};
    address.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE;
    address.channel = IPMI_BMC_CHANNEL;
    ipmi_req request{};
    request.addr = reinterpret_cast<unsigned char*>(&address);
    request.addr_len = sizeof address;
    request.msgid = ++last_question_;
    request.msg.netfn = kGroupExtension;
    request.msg.cmd = kGetPowerReading;
    request.msg.data = question.data();
    request.msg.data_len = question.size();
    error_ = ioctl(device_, IPMICTL_SEND_COMMAND, &request) == 0 ? 0 : errno;
  }

  /// The last answer that has come, to whichever question.
  std::optional<std::uint32_t> Collect() {
    std::optional<std::uint32_t> watts;
    pollfd ready{device_, POLLIN, 0};
    while (poll(&ready, 1, 0) == 1 && (ready.revents & POLLIN) != 0) {
      std::array<unsigned char, IPMI_MAX_MSG_LENGTH> data{};
      ipmi_addr address{};
      ipmi_recv answer{};
      answer.addr = reinterpret_cast<unsigned char*>(&address);
      answer.addr_len = sizeof address;
      answer.msg.data = data.data();
      answer.msg.data_len = data.size();
      if (ioctl(device_, IPMICTL_RECEIVE_MSG_TRUNC, &answer) != 0) break;
      watts = ParseDcmiPower({data.data(), answer.msg.data_len});
    }
    return watts;
  }

  Domain domain_;
  int device_;
  long last_question_ = 0;
  int error_ = 0;
};

}  // namespace

FoundSources FindIpmi(const SystemRoots& roots) {
  FoundSources found;
  SourceListing listing;
  Domain& domain = listing.domain;
  domain.source = kIpmi;
  domain.name = "node";
  domain.boundary = Boundary::kNode;
  domain.update_period = kPeriod;
  domain.most = Watts(20000.0);
  domain.common_uncertainty = kUncertainty;
  const std::string path = roots.dev + "/ipmi0";
  const int device = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (device < 0) {
    if (errno == ENOENT) return found;  // most machines have no such controller
    listing.detail = path + " cannot be opened: " + std::strerror(errno);
    listing.remedy = "sudo chgrp \"$(id -gn)\" " + path + " && sudo chmod g+rw " + path;
    found.listings.push_back(std::move(listing));
    return found;
  }
  auto source = std::make_unique<IpmiSource>(domain, device);
  pollfd ready{device, POLLIN, 0};
  poll(&ready, 1, kFirstAnswerMs);
  const RawReading first = source->Read();
  listing.readable = first.microwatts.has_value();
  listing.detail = listing.readable ? "the management controller's power reading (DCMI)"
                                    : "the management controller gives no DCMI power reading";
  if (listing.readable) found.sources.push_back(std::move(source));
  found.listings.push_back(std::move(listing));
  return found;
}

std::optional<std::uint32_t> ParseDcmiPower(std::span<const std::uint8_t> answer) {
  if (answer.size() < kAnswerSize || answer[0] != 0 || answer[1] != kDcmi) return std::nullopt;
  if ((answer[18] & kMeasuring) == 0) return std::nullopt;
  return answer[2] + (std::uint32_t{answer[3]} << 8);
}

}  // namespace joulefront
