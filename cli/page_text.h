// The page of reports and of the dashboard (page/), put together when joulefront is built.
#pragma once

#include <string_view>

namespace joulefront {

/// HTML with its styles and programs; "@DATA@" stands where the data belong.
extern const std::string_view kPageText;

}  // namespace joulefront
