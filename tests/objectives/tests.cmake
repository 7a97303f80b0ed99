find_package(ZLIB REQUIRED)
joulefront_test(objectives joulefront::objectives
  objectives/test_array_data.cc
  objectives/test_configuration.cc
  objectives/test_csv_data.cc
  objectives/test_preparation.cc
  objectives/test_replay_table.cc
  objectives/test_schedule.cc
  objectives/test_targets.cc)
target_link_libraries(test_objectives PRIVATE ZLIB::ZLIB)
add_dependencies(test_objectives joulefront-train)
# What trains.
if(JOULEFRONT_TORCH)
  joulefront_test(trainers joulefront::objectives
    objectives/test_families.cc
    objectives/test_joulefront_train.cc
    objectives/test_preload.cc)
  add_dependencies(test_trainers joulefront-train joulefront)
endif()
