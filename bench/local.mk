# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
#
# Built and run by `make bench` only. Each program is bench/AREA-PEER and is made of that one file
# and libbench; bench/AREA.works has the rows of the area. To add a program, add its name to the
# list, and its libraries below; bench/run finds it by its name.

bench_programs = \
  bench/first-look \
  bench/pipe-ours \
  bench/pool-ours \
  bench/pool-threads \
  bench/queue-ours \
  bench/sync-ours

if !OS_WIN32
bench_programs += \
  bench/pipe-raw \
  bench/pool-raw \
  bench/queue-gdbus \
  bench/queue-raw
endif
if HAVE_LINUX_FUTEX
bench_programs += \
  bench/sync-pthread \
  bench/sync-raw
endif

EXTRA_LTLIBRARIES = bench/libbench.la
bench_libbench_la_SOURCES = \
  bench/bench.c \
  bench/bench.h
bench_libbench_la_LIBADD = $(GLIB_LIBS)

bench_ours = bench/libbench.la lib/libgmproc.la $(GLIB_LIBS)
bench_raw = bench/libbench.la $(GLIB_LIBS)

bench_first_look_SOURCES = \
  bench/first-look.c \
  bench/measure.c \
  bench/measure.h \
  bench/ours.c \
  bench/raw.c
bench_first_look_LDADD = lib/libgmproc.la $(GLIB_LIBS)

bench_pipe_ours_LDADD = $(bench_ours)
bench_pipe_raw_LDADD = $(bench_raw)
bench_queue_ours_LDADD = $(bench_ours)
bench_sync_ours_LDADD = $(bench_ours)
sync_crowd = bench/sync-crowd.c bench/sync-crowd.h
bench_sync_raw_SOURCES = bench/sync-raw.c $(sync_crowd)
bench_sync_raw_LDADD = $(bench_raw)
bench_sync_pthread_SOURCES = bench/sync-pthread.c $(sync_crowd)
bench_sync_pthread_LDADD = $(bench_raw)

bench_pool_ours_SOURCES = bench/pool-ours.c bench/pool-items.h
bench_pool_ours_LDADD = $(bench_ours)
bench_pool_raw_LDADD = $(bench_raw)
bench_pool_threads_LDADD = $(bench_raw)

# Starting processes, beside what the system asks for; make bench-start.
EXTRA_PROGRAMS += bench/start-ratios
CLEANFILES += bench/start-ratios$(EXEEXT)
bench_start_ratios_LDADD = lib/libgmproc.la $(GLIB_LIBS)

.PHONY: bench-start
bench-start: bench/start-ratios$(EXEEXT)
	$(AM_V_at)bench/start-ratios$(EXEEXT)

# The peers' sides of a queue: what is not installed is not built, and bench/run names it.
queue_crowd = bench/queue-crowd.c bench/queue-crowd.h
bench_queue_raw_SOURCES = bench/queue-raw.c $(queue_crowd)
bench_queue_raw_LDADD = $(bench_raw)
bench_queue_gdbus_SOURCES = bench/queue-gdbus.c $(queue_crowd)
bench_queue_gdbus_LDADD = $(bench_raw)
bench_queue_mq_SOURCES = bench/queue-mq.c $(queue_crowd)
bench_queue_mq_LDADD = $(bench_raw) $(MQ_LIBS)
bench_queue_zmq_SOURCES = bench/queue-zmq.c $(queue_crowd)
bench_queue_zmq_CPPFLAGS = $(AM_CPPFLAGS) $(ZMQ_CFLAGS)
bench_queue_zmq_LDADD = $(bench_raw) $(ZMQ_LIBS)
bench_queue_nng_SOURCES = bench/queue-nng.c $(queue_crowd)
bench_queue_nng_LDADD = $(bench_raw) -lnng

if HAVE_MQ
bench_programs += bench/queue-mq
endif
if HAVE_ZMQ
bench_programs += bench/queue-zmq
endif
if HAVE_NNG
bench_programs += bench/queue-nng
endif

EXTRA_PROGRAMS += \
  bench/first-look \
  bench/pipe-ours \
  bench/pipe-raw \
  bench/windows \
  bench/pool-ours \
  bench/pool-raw \
  bench/pool-threads \
  bench/queue-gdbus \
  bench/queue-mq \
  bench/queue-nng \
  bench/queue-ours \
  bench/queue-raw \
  bench/queue-zmq \
  bench/sync-ours \
  bench/sync-pthread \
  bench/sync-raw

# Boost is C++, which nothing else here is; so this program does without Automake's C++.
bench_cxx_programs =
if HAVE_BOOST
bench_cxx_programs += bench/queue-boost
endif
bench/queue-boost: bench/queue-boost.cc bench/queue-crowd.c bench/queue-crowd.h bench/libbench.la
	$(AM_V_GEN)$(COMPILE) $(AM_CPPFLAGS) $(GLIB_CFLAGS) -c -o bench/queue-boost-crowd.o \
	  $(top_srcdir)/bench/queue-crowd.c && \
	$(LIBTOOL) $(AM_V_lt) --tag=CC --mode=link $(CXX) $(CXXFLAGS) $(DEFS) $(DEFAULT_INCLUDES) \
	  $(AM_CPPFLAGS) $(GLIB_CFLAGS) -o $@ $(top_srcdir)/bench/queue-boost.cc \
	  bench/queue-boost-crowd.o $(bench_raw) -lrt -lpthread

CLEANFILES += $(EXTRA_PROGRAMS) bench/queue-boost bench/libbench.la \
  bench/figures.csv bench/figures.md bench/figures-*.svg
EXTRA_DIST += bench/README.md bench/peer_cpython.py bench/pipe-cpython.py bench/pipe.works bench/run \
  bench/queue-boost.cc bench/pool-cpython.py bench/pool-executor.py bench/pool.works \
  bench/queue-cpython.py bench/queue.works bench/sync-cpython.py bench/sync.works

# BENCH_FLAGS are options of bench/run: make bench BENCH_FLAGS='--quick --only=queue'
.PHONY: bench
bench: $(bench_programs:=$(EXEEXT)) $(bench_cxx_programs)
	$(AM_V_at)$(PYTHON3) $(top_srcdir)/bench/run --source-dir=$(top_srcdir)/bench \
	  --bin-dir=bench --output-dir=bench $(BENCH_FLAGS)

# What is measured on Windows, or below Wine: make bench-windows LOG_COMPILER=.../wine-run
bench_windows_LDADD = lib/libgmproc.la $(GLIB_LIBS)

.PHONY: bench-windows
bench-windows: bench/windows$(EXEEXT)
	$(AM_V_at)$(LOG_COMPILER) bench/windows$(EXEEXT)
