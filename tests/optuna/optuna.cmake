# The real Optuna, 4 and 5, and its dashboard in a browser. Their virtual environments stay in the
# build folder; where PyPI cannot be reached the test is skipped, and says so.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME "optuna: Optuna 4 and 5 load what was exported, and their dashboard shows it"
  COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/optuna/check_optuna.py
  --joulefront $<TARGET_FILE:joulefront> --venvs ${CMAKE_CURRENT_BINARY_DIR}/optuna)
set_tests_properties("optuna: Optuna 4 and 5 load what was exported, and their dashboard shows it"
  PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77)
