#include "tests/study_store/store_contract.h"

#ifdef JOULEFRONT_POSTGRESQL
#include "tests/study_store/postgres_database.h"
#endif

namespace joulefront {

const std::vector<Implementation>& Implementations() {
  static const std::vector<Implementation> all = {
      {"memory", [](const TestFolder&) { return NewMemoryStore(); }},
      {"sqlite", [](const TestFolder& folder) { return OpenFile(folder / "store.db"); }},
#ifdef JOULEFRONT_POSTGRESQL
      {"postgresql",
       [](const TestFolder&) {
         static std::unique_ptr<PostgresDatabase> database;  // of the test's section that runs
         database = std::make_unique<PostgresDatabase>();
         return database->Open();
       }},
#endif
  };
  return all;
}

}  // namespace joulefront
