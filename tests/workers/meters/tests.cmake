joulefront_test(meters joulefront::meters
  workers/meters/test_accumulator.cc
  workers/meters/test_cpu_time.cc
  workers/meters/test_host_simulator.cc
  workers/meters/test_meter.cc
  workers/meters/test_meter_choice.cc
  workers/meters/test_phase_ledger.cc
  workers/meters/test_powercap.cc
  workers/meters/test_probe.cc
  workers/meters/test_reading_log.cc)
