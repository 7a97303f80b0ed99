joulefront_test(objectives joulefront::objectives
  objectives/test_configuration.cc
  objectives/test_csv_data.cc
  objectives/test_joulefront_train.cc
  objectives/test_preparation.cc)
# One test runs the trainer itself.
add_dependencies(test_objectives joulefront-train)
