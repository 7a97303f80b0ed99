// A library with NVML's binary interface whose GPUs a text file describes: FAKE_NVML_SCRIPT names
// it. It is read anew at every call, so a test may change it. A line a fact:
//
//   init 9                     nvmlInit fails with that code
//   gpu UUID NAME...           the next GPU, in order of index
//   energy MILLIJOULES         of that GPU's counter; without it there is none
//   power MILLIWATTS
//   mig PARTITION-UUID         it is partitioned, and this is one of its partitions
//   fail CODE                  its energy and power cannot be read
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Gpu {
  std::string uuid, name;
  long long energy = -1, power = -1;
  int fail = 0;
  std::string partition;
};

struct Script {
  int init = 0;
  std::vector<Gpu> gpus;
};

Script ReadScript() {
  Script script;
  const char* path = std::getenv("FAKE_NVML_SCRIPT");
  std::ifstream stream(path == nullptr ? "" : path);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "init") words >> script.init;
    if (word == "gpu") {
      Gpu gpu;
      words >> gpu.uuid;
      std::getline(words >> std::ws, gpu.name);
      script.gpus.push_back(gpu);
    }
    if (script.gpus.empty()) continue;
    Gpu& gpu = script.gpus.back();
    if (word == "energy") words >> gpu.energy;
    if (word == "power") words >> gpu.power;
    if (word == "mig") words >> gpu.partition;
    if (word == "fail") words >> gpu.fail;
  }
  return script;
}

// A handle is an index from 1 on; that of a partition is 1000 more.
using Handle = std::size_t;
constexpr Handle kPartition = 1000;

Gpu At(Handle handle) {
  const Script script = ReadScript();
  const Handle index = handle % kPartition;
  return index >= 1 && index <= script.gpus.size() ? script.gpus[index - 1] : Gpu{};
}

int Copy(const std::string& text, char* out, unsigned size) {
  if (text.size() + 1 > size) return 7;
  std::memcpy(out, text.c_str(), text.size() + 1);
  return 0;
}

}  // namespace

extern "C" {

int nvmlInit_v2() { return ReadScript().init; }
int nvmlShutdown() { return 0; }
const char* nvmlErrorString(int code) { return code == 15 ? "GPU is lost" : "an error"; }
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(ReadScript().gpus.size());
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Handle* handle) {
  *handle = index + 1;
  return index < ReadScript().gpus.size() ? 0 : 2;
}
int nvmlDeviceGetHandleByUUID(const char* uuid, Handle* handle) {
  const Script script = ReadScript();
  for (std::size_t i = 0; i < script.gpus.size(); ++i) {
    if (script.gpus[i].uuid == uuid) *handle = i + 1;
    if (script.gpus[i].partition == uuid) *handle = i + 1 + kPartition;
    if (script.gpus[i].uuid == uuid || script.gpus[i].partition == uuid) return 0;
  }
  return 6;
}
int nvmlDeviceGetHandleByPciBusId_v2(const char*, Handle*) { return 6; }
int nvmlDeviceGetUUID(Handle handle, char* uuid, unsigned size) {
  return Copy(At(handle).uuid, uuid, size);
}
int nvmlDeviceGetName(Handle handle, char* name, unsigned size) {
  return Copy(At(handle).name, name, size);
}
int nvmlDeviceGetTotalEnergyConsumption(Handle handle, unsigned long long* millijoules) {
  const Gpu gpu = At(handle);
  if (gpu.fail != 0) return gpu.fail;
  if (gpu.energy < 0) return 3;
  *millijoules = static_cast<unsigned long long>(gpu.energy);
  return 0;
}
int nvmlDeviceGetPowerUsage(Handle handle, unsigned* milliwatts) {
  const Gpu gpu = At(handle);
  if (gpu.fail != 0) return gpu.fail;
  if (gpu.power < 0) return 3;
  *milliwatts = static_cast<unsigned>(gpu.power);
  return 0;
}
int nvmlDeviceGetMigMode(Handle handle, unsigned* now, unsigned* pending) {
  *now = *pending = At(handle).partition.empty() ? 0 : 1;
  return 0;
}
int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(Handle partition, Handle* whole) {
  *whole = partition % kPartition;
  return 0;
}
}
