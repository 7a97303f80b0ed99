#include "study_store/sql_connection.h"

namespace joulefront {

Result<std::int64_t> Query::Run() {
  while (true) {
    auto row = Step();
    if (!row) return Pass(row);
    if (!*row) return statement_->Changed();
  }
}

}  // namespace joulefront
