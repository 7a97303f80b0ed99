#include "base/environment.h"

#include <algorithm>
#include <iterator>
#include <string_view>

extern char** environ;

namespace joulefront {
namespace {

bool IsSecret(std::string_view entry) {
  const std::string_view name = entry.substr(0, entry.find('='));
  constexpr std::string_view kSecrets[] = {"PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE"};
  if (std::find(std::begin(kSecrets), std::end(kSecrets), name) != std::end(kSecrets)) return true;
  if (name.starts_with("JOULEFRONT_") && name.ends_with("_TOKEN")) return true;
  if (name != "JOULEFRONT_STORE") return false;
  // postgresql://USER:PASSWORD@HOST/DATABASE?password=...
  const auto host = entry.find("://");
  const auto at = entry.find('@', host == entry.npos ? 0 : host);
  const bool in_user = host != entry.npos && at != entry.npos &&
                       entry.substr(host + 3, at - host - 3).find(':') != entry.npos;
  return in_user || entry.find("password=") != entry.npos;
}

}  // namespace

std::vector<std::string> OwnEnvironment() {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  return environment;
}

std::vector<std::string> EnvironmentWithoutSecrets() {
  std::vector<std::string> environment = OwnEnvironment();
  std::erase_if(environment, IsSecret);
  return environment;
}

}  // namespace joulefront
