joulefront_test(objectives joulefront::objectives
  objectives/test_configuration.cc
  objectives/test_csv_data.cc
  objectives/test_preparation.cc)
# What runs the trainers themselves.
if(JOULEFRONT_TORCH)
  joulefront_test(trainers joulefront::objectives
    objectives/test_joulefront_train.cc)
  add_dependencies(test_trainers joulefront-train)
endif()
