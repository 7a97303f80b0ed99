include(workers/meters/tests.cmake)
