# Pages in headless Chromium; skipped, and said to be, where there is none.
function(joulefront_page name script)
  add_test(NAME "page: ${name}" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/browser/${script}
    --joulefront $<TARGET_FILE:joulefront>)
  set_tests_properties("page: ${name}" PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 RESOURCE_LOCK chromium)
endfunction()

joulefront_page("a report is used by mouse and keyboard, and its numbers are right" report_page.py)
joulefront_page("a dashboard follows a study, and answers nobody else" dashboard_page.py)
