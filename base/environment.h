// The environment of this process, and what of it programs of others may have.
#pragma once

#include <string>
#include <vector>

namespace joulefront {

/// "NAME=value" each.
std::vector<std::string> OwnEnvironment();

/// The same without what opens the store or the dashboard: PGPASSWORD, PGPASSFILE and
/// PGSERVICEFILE, JOULEFRONT_..._TOKEN, and JOULEFRONT_STORE where a password is in it. For
/// trainers, meters' and alerts' programs.
std::vector<std::string> EnvironmentWithoutSecrets();

}  // namespace joulefront
