# Programs of tests/bench/run.sh; no tests.
function(joulefront_bench name)
  add_executable(${name} ${ARGN})
  joulefront_target(${name})
  target_link_libraries(${name} PRIVATE joulefront::study_store fmt::fmt)
endfunction()

joulefront_bench(bench_pareto bench/bench_pareto.cc)
joulefront_bench(bench_store bench/bench_store.cc)
joulefront_bench(bench_trainer bench/bench_trainer.cc)
joulefront_bench(bench_search bench/bench_search.cc)
joulefront_bench(bench_meter bench/bench_meter.cc)
target_link_libraries(bench_meter PRIVATE joulefront::meters)

find_package(pagmo QUIET)
if(pagmo_FOUND)
  joulefront_bench(bench_front bench/bench_front.cc)
  target_link_libraries(bench_front PRIVATE Pagmo::pagmo)
endif()
