# Short storms, each a test; tests/storm/run.sh has the long ones.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(joulefront_storm name script)
  add_test(NAME "storm: ${name}" COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/storm/${script}
    --joulefront $<TARGET_FILE:joulefront> ${ARGN})
  set_tests_properties("storm: ${name}" PROPERTIES TIMEOUT 600)
endfunction()

joulefront_storm("kill -9 of anything at any moment loses nothing" kill_storm.py --rounds 12 --seed 5 --trials 60)
joulefront_storm("nobody sees a lock, however many workers and lookers there are" contention.py --workers 24 --trials 150)
joulefront_storm("whatever byte of a store is flipped, every verb says so in words of ours" damaged_stores.py --stores 6)
if(JOULEFRONT_POSTGRESQL)
  joulefront_storm("a study in PostgreSQL outlasts kills, cuts and restarts" cluster_storm.py
    --rounds 8 --seed 5 --trials 60)
  joulefront_storm("a study on Slurm outlasts a cancelled job, a dead node and an interrupt" slurm_study.py)
endif()
if(NOT JOULEFRONT_SANITIZE)  # the sanitizers' own library must be loaded first
  add_library(failing_calls MODULE storm/failing_calls.cc)
  target_link_libraries(failing_calls PRIVATE ${CMAKE_DL_LIBS})
  joulefront_storm("whichever system call fails, the study goes on to its end" fault_walk.py
    --library $<TARGET_FILE:failing_calls>)
endif()
