# What is installed: completion, manual pages, the folders, the Debian packages.
foreach(part Completion Manuals Install Debian)
  if(part STREQUAL "Debian" AND (JOULEFRONT_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Debug"))
    continue()  # nobody packages these
  endif()
  add_test(NAME "packaging: ${part}"
    COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/packaging/test_packaging.py ${CMAKE_BINARY_DIR} ${part})
  # A check that needs a program that is not here says so, and is no pass.
  set_tests_properties("packaging: ${part}" PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
