// What a SQLite database holds, for tests of files that other programs open.
#pragma once

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace joulefront {

using Rows = std::vector<std::string>;

/// Runs a script, and gives its rows, the columns between bars; NULL is the empty text.
inline Rows Sql(const std::string& path, const std::string& script) {
  sqlite3* connection = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &connection) == SQLITE_OK);
  Rows rows;
  const auto take = [](void* to, int columns, char** cells, char**) {
    std::string row;
    for (int k = 0; k < columns; ++k) {
      row += (k == 0 ? "" : "|") + std::string(cells[k] == nullptr ? "" : cells[k]);
    }
    static_cast<Rows*>(to)->push_back(row);
    return 0;
  };
  char* fault = nullptr;
  const int code = sqlite3_exec(connection, script.c_str(), take, &rows, &fault);
  INFO((fault == nullptr ? "" : fault));
  CHECK(code == SQLITE_OK);
  sqlite3_free(fault);
  sqlite3_close(connection);
  return rows;
}

}  // namespace joulefront
