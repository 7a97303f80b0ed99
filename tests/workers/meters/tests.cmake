joulefront_test(meters joulefront::meters
  workers/meters/test_accumulator.cc
  workers/meters/test_cpu_time.cc
  workers/meters/test_fault_traces.cc
  workers/meters/test_host_simulator.cc
  workers/meters/test_meter.cc
  workers/meters/test_meter_choice.cc
  workers/meters/test_nvml.cc
  workers/meters/test_perf.cc
  workers/meters/test_phase_ledger.cc
  workers/meters/test_powercap.cc
  workers/meters/test_probe.cc
  workers/meters/test_reading_log.cc
  workers/meters/test_sensors.cc
  workers/meters/test_slurm.cc
  workers/meters/test_tick_clock.cc
  workers/meters/test_user_source.cc)

# What tests load in the place of the NVIDIA driver's library.
add_library(fake_nvml MODULE fake_nvml/fake_nvml.cc)
joulefront_target(fake_nvml)
target_compile_options(fake_nvml PRIVATE -Wno-missing-declarations)
add_dependencies(test_meters fake_nvml)
target_compile_definitions(test_meters PRIVATE JOULEFRONT_FAKE_NVML="$<TARGET_FILE:fake_nvml>")
