joulefront_test(search joulefront::search
  search/test_contributions.cc
  search/test_dense.cc
  search/test_dominance.cc
  search/test_embedding.cc
  search/test_epsilon_net.cc
  search/test_expected_gain.cc
  search/test_gaussian_process.cc
  search/test_history.cc
  search/test_hypervolume.cc
  search/test_importance.cc
  search/test_hypervolume_course.cc
  search/test_knee.cc
  search/test_lbfgs.cc
  search/test_likelihood.cc
  search/test_normal_distribution.cc
  search/test_outcome_scale.cc
  search/test_ranking.cc
  search/test_samplers.cc
  search/test_sobol.cc
  search/test_stopping.cc
  search/test_surrogate.cc
  search/test_space.cc
  search/test_space_faults.cc
  search/test_space_levels.cc
  search/test_variation.cc)
# What is private to search/ speaks Eigen.
target_link_libraries(test_search PRIVATE Eigen3::Eigen)
