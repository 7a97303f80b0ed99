joulefront_test(cli joulefront::workers
  cli/command.cc
  cli/sample_store.cc
  cli/test_ask_tell.cc
  cli/test_beginnings.cc
  cli/test_choice.cc
  cli/test_compare.cc
  cli/test_front_verb.cc
  cli/test_gate.cc
  cli/test_gate_report.cc
  cli/test_init.cc
  cli/test_measure.cc
  cli/test_optuna_export.cc
  cli/test_paper.cc
  cli/test_past_trials.cc
  cli/test_report.cc
  cli/test_report_records.cc
  cli/test_run_verb.cc
  cli/test_show_verbs.cc
  cli/test_stores.cc
  cli/test_trust_verbs.cc
  cli/test_usage.cc)
target_sources(test_cli PRIVATE
  ${PROJECT_SOURCE_DIR}/cli/energy_json.cc
  ${PROJECT_SOURCE_DIR}/cli/footprint.cc
  ${PROJECT_SOURCE_DIR}/cli/gate_baseline.cc
  ${PROJECT_SOURCE_DIR}/cli/gate_report.cc
  ${PROJECT_SOURCE_DIR}/cli/harmless_text.cc
  ${PROJECT_SOURCE_DIR}/cli/report_records.cc
  ${PROJECT_SOURCE_DIR}/cli/table.cc
  ${PROJECT_SOURCE_DIR}/cli/topics.cc)
target_compile_definitions(test_cli PRIVATE JOULEFRONT_VERSION="${PROJECT_VERSION}")
add_dependencies(test_cli counting-trainer)
target_link_libraries(test_cli PRIVATE SQLite::SQLite3)
add_dependencies(test_cli joulefront)

add_test(NAME "cli: the workflow files of examples/09_ci hold together"
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/cli/check_workflows.py $<TARGET_FILE:joulefront>)
set_tests_properties("cli: the workflow files of examples/09_ci hold together"
  PROPERTIES SKIP_RETURN_CODE 77)
