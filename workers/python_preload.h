// The text of python_preload.py.
#pragma once

#include <string_view>

namespace joulefront {

extern const std::string_view kPythonPreload;

}  // namespace joulefront
