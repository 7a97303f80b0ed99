joulefront_test(search joulefront::search
  search/test_dominance.cc
  search/test_history.cc
  search/test_hypervolume.cc
  search/test_ranking.cc
  search/test_samplers.cc
  search/test_sobol.cc
  search/test_space.cc
  search/test_space_faults.cc
  search/test_space_levels.cc
  search/test_variation.cc)
