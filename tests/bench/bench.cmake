# Programs of tests/bench/run.sh; no tests.
function(joulefront_bench name)
  add_executable(${name} ${ARGN})
  joulefront_target(${name})
  target_link_libraries(${name} PRIVATE joulefront::study_store fmt::fmt)
endfunction()

joulefront_bench(bench_pareto bench/bench_pareto.cc)
joulefront_bench(bench_store bench/bench_store.cc)
joulefront_bench(bench_trainer bench/bench_trainer.cc)
