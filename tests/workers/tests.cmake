joulefront_test(workers joulefront::workers
  workers/test_alerts.cc
  workers/test_attempt_log.cc
  workers/test_attempt_runner.cc
  workers/test_bad_trainers.cc
  workers/test_budgets.cc
  workers/test_fork_server.cc
  workers/test_judge.cc
  workers/test_kept_folders.cc
  workers/test_kills.cc
  workers/test_launcher.cc
  workers/test_metric_patterns.cc
  workers/test_preloaded_trainer.cc
  workers/test_resuming.cc
  workers/test_sharing.cc
  workers/test_shortage.cc
  workers/test_stopping.cc
  workers/test_trainer_command.cc
  workers/test_trainer_files.cc
  workers/test_trainer_output.cc
  workers/test_undelivered.cc)
if(JOULEFRONT_POSTGRESQL)
  target_sources(test_workers PRIVATE study_store/postgres_database.cc)
endif()
# Some tests run whole studies.
add_dependencies(test_workers joulefront)

# The trainer of test_preloaded_trainer.cc, beside the programs: counting-trainer.so.
add_library(counting-trainer MODULE workers/counting_trainer.cc)
joulefront_target(counting-trainer)
set_target_properties(counting-trainer PROPERTIES PREFIX ""
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
add_dependencies(test_workers counting-trainer)

include(workers/meters/tests.cmake)
