#include "study_store/sql_connection.h"

#include <fmt/format.h>

namespace joulefront {

Result<std::int64_t> Query::Run() {
  while (true) {
    auto row = Step();
    if (!row) return Pass(row);
    if (!*row) return statement_->Changed();
  }
}

tl::unexpected<Error> Damaged(const SqlConnection& store, const std::string& what) {
  return Fail(ErrorCode::kCorrupt,
              fmt::format("{} is damaged: {}; restore a copy, or save what can be read with "
                          "`joulefront export`",
                          store.name(), what));
}

}  // namespace joulefront
