# Puts the page together: its parts, and Chart.js of Debian's package libjs-chart.js, in one text
# that is compiled in. Configuring again follows a change of any of them.
set(page_folder ${CMAKE_CURRENT_LIST_DIR})
find_file(CHART_JS chart.min.js PATHS /usr/share/javascript/chart.js NO_DEFAULT_PATH)
if(NOT CHART_JS)
  message(FATAL_ERROR "Chart.js is not there, which reports are drawn with: install libjs-chart.js, or name its chart.min.js by -DCHART_JS=FILE")
endif()

set(page_policy "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'")
set(page_program "")
foreach(script study charts parallel tables live report)
  file(READ ${page_folder}/${script}.js text)
  string(APPEND page_program "${text}\n")
  list(APPEND page_parts ${page_folder}/${script}.js)
endforeach()
file(READ ${page_folder}/report.html page_text)
file(READ ${page_folder}/report.css page_style)
file(READ ${page_folder}/chart_licence.txt chart_licence)
file(READ ${CHART_JS} chart_js)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_parts} ${page_folder}/report.html
  ${page_folder}/report.css ${page_folder}/chart_licence.txt ${CHART_JS})

string(REPLACE "@POLICY@" "${page_policy}" page_text "${page_text}")
string(REPLACE "@STYLE@" "${page_style}" page_text "${page_text}")
string(REPLACE "@VERSION@" "${PROJECT_VERSION}" page_text "${page_text}")
string(REPLACE "@LIBRARY@" "/*!\n${chart_licence}*/\n${chart_js}" page_text "${page_text}")
string(REPLACE "@PROGRAM@" "\"use strict\";\n{\n${page_program}}" page_text "${page_text}")
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/page_text.cc CONTENT [[
#include "cli/page_text.h"

namespace joulefront {

const std::string_view kPageText = R"joulefront(@page_text@)joulefront";

}  // namespace joulefront
]] @ONLY)
