# With clang alone: gcc has no libFuzzer.
if(JOULEFRONT_FUZZ)
  add_executable(fuzz_parsers fuzz/fuzz_parsers.cc)
  joulefront_target(fuzz_parsers)
  target_link_libraries(fuzz_parsers PRIVATE joulefront::workers)
  target_link_options(fuzz_parsers PRIVATE -fsanitize=fuzzer)
endif()
