joulefront_test(base joulefront::base base/test_units.cc)
