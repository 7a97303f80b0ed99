joulefront_test(meters joulefront::meters
  workers/meters/test_cpu_time.cc
  workers/meters/test_list_meters.cc
  workers/meters/test_meter_contract.cc
  workers/meters/test_phase_ledger.cc
  workers/meters/test_rapl_meter.cc)
