joulefront_test(base joulefront::base base/test_files.cc base/test_number_text.cc base/test_units.cc)
