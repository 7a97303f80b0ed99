joulefront_test(study_store joulefront::study_store
  study_store/show_store.cc
  study_store/store_contract.cc
  study_store/test_accounting.cc
  study_store/test_anytime.cc
  study_store/test_audit.cc
  study_store/test_budget_contract.cc
  study_store/test_budget_simulation.cc
  study_store/test_choosing.cc
  study_store/test_command_words.cc
  study_store/test_comparability.cc
  study_store/test_comparison.cc
  study_store/test_configuration_json.cc
  study_store/test_confirmation.cc
  study_store/test_crowding.cc
  study_store/test_csv_cells.cc
  study_store/test_early_stopping.cc
  study_store/test_evaluation.cc
  study_store/test_first_trials.cc
  study_store/test_front.cc
  study_store/test_gate_rules.cc
  study_store/test_placeholders.cc
  study_store/test_proposer.cc
  study_store/test_sqlite_faults.cc
  study_store/test_sqlite_store.cc
  study_store/test_sqlite_views.cc
  study_store/test_store_contract.cc
  study_store/test_store_model.cc
  study_store/test_store_race.cc
  study_store/test_study.cc
  study_store/test_study_file.cc
  study_store/test_text_scalars.cc)
target_link_libraries(test_study_store PRIVATE SQLite::SQLite3)
if(JOULEFRONT_POSTGRESQL)
  target_sources(test_study_store PRIVATE study_store/postgres_database.cc
    study_store/test_postgres_faults.cc study_store/test_postgres_store.cc)
endif()
