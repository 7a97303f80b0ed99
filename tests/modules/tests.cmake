# The modules for trainers in Python and in shell, alone and under a worker.
find_program(PYTHON3 python3 REQUIRED)
foreach(module Python Shell)
  add_test(NAME "modules: ${module}" COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/modules/test_modules.py ${module})
  set_tests_properties("modules: ${module}" PROPERTIES
    ENVIRONMENT "JOULEFRONT=$<TARGET_FILE:joulefront>;PYTHONDONTWRITEBYTECODE=1")
endforeach()
