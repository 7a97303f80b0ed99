joulefront_test(cli joulefront::workers
  cli/command.cc
  cli/sample_store.cc
  cli/test_ask_tell.cc
  cli/test_beginnings.cc
  cli/test_choice.cc
  cli/test_compare.cc
  cli/test_front_verb.cc
  cli/test_init.cc
  cli/test_measure.cc
  cli/test_paper.cc
  cli/test_report.cc
  cli/test_optuna_export.cc
  cli/test_past_trials.cc
  cli/test_run_verb.cc
  cli/test_show_verbs.cc
  cli/test_stores.cc
  cli/test_trust_verbs.cc
  cli/test_usage.cc)
target_link_libraries(test_cli PRIVATE SQLite::SQLite3)
add_dependencies(test_cli joulefront)
