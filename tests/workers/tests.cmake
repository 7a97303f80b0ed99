joulefront_test(workers joulefront::workers
  workers/test_alerts.cc
  workers/test_attempt_log.cc
  workers/test_attempt_runner.cc
  workers/test_bad_trainers.cc
  workers/test_budgets.cc
  workers/test_judge.cc
  workers/test_kills.cc
  workers/test_metric_patterns.cc
  workers/test_resuming.cc
  workers/test_sharing.cc
  workers/test_stopping.cc
  workers/test_trainer_command.cc
  workers/test_trainer_output.cc)
# Some tests run whole studies.
add_dependencies(test_workers joulefront)

include(workers/meters/tests.cmake)
