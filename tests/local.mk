# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
#
# To add a test program, add its name to one of the three lists: tests/test-x is made from
# tests/test-x.c and the support library. A public test is linked with the library as a user
# does it; a test of lib/internal or lib/port is linked with the core, where nothing is hidden.

public_tests = \
  tests/test-array \
  tests/test-async \
  tests/test-barrier \
  tests/test-barrier-action \
  tests/test-by-name \
  tests/test-condition \
  tests/test-condition-crash \
  tests/test-connection \
  tests/test-connection-async \
  tests/test-connection-buffers \
  tests/test-connection-objects \
  tests/test-connection-room \
  tests/test-dump \
  tests/test-event \
  tests/test-handles \
  tests/test-init \
  tests/test-listener \
  tests/test-listener-async \
  tests/test-listener-hostile \
  tests/test-listener-tls \
  tests/test-lock \
  tests/test-locker \
  tests/test-pool \
  tests/test-pool-async \
  tests/test-pool-crash \
  tests/test-pool-imap \
  tests/test-pool-life \
  tests/test-pool-options \
  tests/test-pool-settings \
  tests/test-pool-storm \
  tests/test-process \
  tests/test-process-async \
  tests/test-process-close \
  tests/test-process-daemon \
  tests/test-process-error \
  tests/test-process-exited \
  tests/test-process-log \
  tests/test-process-many \
  tests/test-process-places \
  tests/test-process-setup \
  tests/test-process-subclass \
  tests/test-queue \
  tests/test-queue-async \
  tests/test-queue-crash \
  tests/test-queue-join \
  tests/test-queue-many \
  tests/test-queue-waiting \
  tests/test-semaphore \
  tests/test-shared-memory \
  tests/test-shared-memory-named \
  tests/test-sync-async \
  tests/test-start-method \
  tests/test-target \
  tests/test-trace \
  tests/test-value \
  tests/test-wait

internal_tests = \
  tests/internal/test-arena \
  tests/internal/test-bundle \
  tests/internal/test-census \
  tests/internal/test-codec \
  tests/internal/test-command \
  tests/internal/test-deadline \
  tests/internal/test-family \
  tests/internal/test-inbox \
  tests/internal/test-job \
  tests/internal/test-link \
  tests/internal/test-registry \
  tests/internal/test-ring \
  tests/internal/test-shared-import \
  tests/internal/test-stream \
  tests/internal/test-turn \
  tests/internal/test-waitpoint \
  tests/internal/test-watch

port_tests = \
  tests/port/test-channel \
  tests/port/test-child \
  tests/port/test-courier \
  tests/port/test-handle \
  tests/port/test-journal \
  tests/port/test-lifeline \
  tests/port/test-lock \
  tests/port/test-memory \
  tests/port/test-name \
  tests/port/test-self \
  tests/port/test-word

if OS_WIN32
port_tests += tests/port/test-win32
else
port_tests += \
  tests/port/test-fork-server \
  tests/port/test-name-users \
  tests/port/test-posix \
  tests/port/test-quota
public_tests += \
  tests/test-connection-descriptors \
  tests/test-fork \
  tests/test-full-table \
  tests/test-listener-descriptors \
  tests/test-pool-posix \
  tests/test-process-posix \
  tests/test-process-programs \
  tests/test-process-starting \
  tests/test-process-terminal \
  tests/test-wall-clock
endif

# Targets of libFuzzer, with a corpus that is replayed; the end of this file has the fuzzer itself.
fuzz_tests = \
  tests/fuzz/test-bootstrap \
  tests/fuzz/test-decoder \
  tests/fuzz/test-handshake \
  tests/fuzz/test-stranger

# A wrong ticket takes handles out of whatever process it names, on Windows.
if !OS_WIN32
fuzz_tests += tests/fuzz/test-courier
endif

pinnable_tests = $(public_tests) $(internal_tests) $(port_tests)
test_programs = $(pinnable_tests) $(fuzz_tests)
check_PROGRAMS += $(test_programs)

check_LTLIBRARIES += tests/libsupport.la
tests_libsupport_la_SOURCES = \
  tests/support.c \
  tests/support.h \
  tests/port/death.h \
  tests/port/leaks.h
if OS_WIN32
tests_libsupport_la_SOURCES += tests/port/death-win32.c tests/port/leaks-win32.c
else
tests_libsupport_la_SOURCES += tests/port/death-posix.c tests/port/leaks-posix.c
endif
tests_libsupport_la_LIBADD = $(GLIB_LIBS)

# The other process of a port test; it is written on the port, so public tests do without.
check_LTLIBRARIES += tests/port/libpeer.la
tests_port_libpeer_la_SOURCES = \
  tests/port/peer.c \
  tests/port/peer.h

tests_test_by_name_SOURCES = tests/test-by-name.c $(crew)
tests_test_pool_SOURCES = tests/test-pool.c $(crew)
tests_test_pool_async_SOURCES = tests/test-pool-async.c $(crew)
tests_test_pool_crash_SOURCES = tests/test-pool-crash.c $(crew)
tests_test_pool_imap_SOURCES = tests/test-pool-imap.c $(crew)
tests_test_pool_life_SOURCES = tests/test-pool-life.c $(crew)
tests_test_pool_options_SOURCES = tests/test-pool-options.c $(crew)
tests_test_pool_posix_SOURCES = tests/test-pool-posix.c $(crew)
tests_test_pool_settings_SOURCES = tests/test-pool-settings.c $(crew)
tests_test_pool_storm_SOURCES = tests/test-pool-storm.c $(crew)
tests_test_trace_SOURCES = tests/test-trace.c $(crew)
crew = tests/crew.c tests/crew.h

tests_test_array_SOURCES = tests/test-array.c $(party)
tests_test_async_SOURCES = tests/test-async.c $(party)
tests_test_barrier_SOURCES = tests/test-barrier.c $(party)
tests_test_barrier_action_SOURCES = tests/test-barrier-action.c $(party)
tests_test_dump_SOURCES = tests/test-dump.c $(party)
tests_test_event_SOURCES = tests/test-event.c $(party)
tests_test_fork_SOURCES = tests/test-fork.c $(party)
tests_test_handles_SOURCES = tests/test-handles.c $(party)
tests_test_lock_SOURCES = tests/test-lock.c $(party)
tests_test_locker_SOURCES = tests/test-locker.c $(party)
tests_test_queue_SOURCES = tests/test-queue.c $(party)
tests_test_queue_async_SOURCES = tests/test-queue-async.c $(party)
tests_test_queue_crash_SOURCES = tests/test-queue-crash.c $(party) $(kin)
tests_test_queue_join_SOURCES = tests/test-queue-join.c $(party)
tests_test_queue_many_SOURCES = tests/test-queue-many.c $(party)
tests_test_queue_waiting_SOURCES = tests/test-queue-waiting.c $(party)
tests_test_semaphore_SOURCES = tests/test-semaphore.c $(party)
tests_test_shared_memory_SOURCES = tests/test-shared-memory.c $(party)
tests_test_shared_memory_named_SOURCES = tests/test-shared-memory-named.c $(party)
tests_test_value_SOURCES = tests/test-value.c $(party)
tests_test_wait_SOURCES = tests/test-wait.c $(party)
party = tests/party.c tests/party.h

tests_internal_test_family_SOURCES = tests/internal/test-family.c $(party)
# The parties call the library, which is a part of the program here and no DLL.
tests_internal_test_family_CPPFLAGS = $(AM_CPPFLAGS) -DGMPROC_COMPILATION

tests_test_condition_SOURCES = tests/test-condition.c $(crowd)
tests_test_condition_crash_SOURCES = tests/test-condition-crash.c $(crowd)
tests_test_sync_async_SOURCES = tests/test-sync-async.c $(crowd)
crowd = tests/crowd.c tests/crowd.h $(party)

tests_test_connection_SOURCES = tests/test-connection.c $(plumbing)
tests_test_connection_async_SOURCES = tests/test-connection-async.c $(errands)
tests_test_connection_buffers_SOURCES = tests/test-connection-buffers.c $(plumbing)
tests_test_connection_descriptors_SOURCES = tests/test-connection-descriptors.c $(plumbing)
tests_test_connection_objects_SOURCES = tests/test-connection-objects.c $(plumbing)
tests_test_connection_room_SOURCES = tests/test-connection-room.c $(errands)
plumbing = tests/plumbing.c tests/plumbing.h
errands = tests/errands.c tests/errands.h $(plumbing)

replay = tests/fuzz/fuzz.h tests/fuzz/replay.c
strangers = tests/strangers.c tests/strangers.h $(errands)
tests_fuzz_test_decoder_SOURCES = tests/fuzz/fuzz-decoder.c $(replay)
tests_fuzz_test_handshake_SOURCES = tests/fuzz/fuzz-handshake.c $(replay)
tests_fuzz_test_bootstrap_SOURCES = tests/fuzz/fuzz-bootstrap.c $(replay)
tests_fuzz_test_courier_SOURCES = tests/fuzz/fuzz-courier.c $(replay)
tests_fuzz_test_stranger_SOURCES = tests/fuzz/fuzz-stranger.c $(replay)
tests_test_full_table_SOURCES = tests/test-full-table.c $(strangers)
tests_test_listener_SOURCES = tests/test-listener.c $(strangers)
tests_test_listener_async_SOURCES = tests/test-listener-async.c $(strangers)
tests_test_listener_descriptors_SOURCES = tests/test-listener-descriptors.c $(strangers)
tests_test_listener_hostile_SOURCES = tests/test-listener-hostile.c $(strangers)
tests_test_listener_tls_SOURCES = tests/test-listener-tls.c tests/certificates.h $(strangers)

tests_test_init_SOURCES = tests/test-init.c $(kin)
tests_test_process_SOURCES = tests/test-process.c $(kin)
tests_test_process_close_SOURCES = tests/test-process-close.c $(kin)
tests_test_process_daemon_SOURCES = tests/test-process-daemon.c $(kin)
tests_test_process_error_SOURCES = tests/test-process-error.c $(kin)
tests_test_process_log_SOURCES = tests/test-process-log.c $(kin)
tests_test_process_many_SOURCES = tests/test-process-many.c $(kin)
tests_test_process_places_SOURCES = tests/test-process-places.c $(kin)
tests_test_process_posix_SOURCES = tests/test-process-posix.c $(kin)
tests_test_process_programs_SOURCES = tests/test-process-programs.c $(kin)
tests_test_process_setup_SOURCES = tests/test-process-setup.c $(kin)
tests_test_process_starting_SOURCES = tests/test-process-starting.c $(kin)
tests_test_process_subclass_SOURCES = tests/test-process-subclass.c $(kin)
tests_test_target_SOURCES = tests/test-target.c $(kin)
kin = tests/kin.c tests/kin.h

# Which library depends on the folder of the program, like inside_library in Makefile.am.
LDADD = tests/libsupport.la $(library_of_test) $(GLIB_LIBS)
library_of_test = $(if $(inside_library),$(hidden_libraries),lib/libgmproc.la)
hidden_libraries = tests/port/libpeer.la lib/libgmproc-core.la
$(check_PROGRAMS): $(hidden_libraries) lib/libgmproc.la

# --- how tests run -------------------------------------------------------------------------------
# Everything prints TAP. The driver adds --tap to the options of a test, so that LOG_COMPILER is
# free to put another program in front: make check TESTS='$(test_programs)' LOG_COMPILER=wine
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/append-tap \
  $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = \
  CC='$(CC)'; \
  CFLAGS='$(CFLAGS)'; \
  EXEEXT='$(EXEEXT)'; \
  GJS='$(GJS)'; \
  PROGRAMS_DIR='$(abs_top_builddir)/programs'; \
  PYTHON='$(PYTHON)'; \
  TASKSET='$(TASKSET)'; \
  VALAC='$(VALAC)'; \
  host_os='$(host_os)'; \
  abs_top_builddir='$(abs_top_builddir)'; \
  abs_top_srcdir='$(abs_top_srcdir)'; \
  export CC CFLAGS EXEEXT GJS PROGRAMS_DIR PYTHON TASKSET VALAC abs_top_builddir abs_top_srcdir host_os;

# Each test program runs a second time with all its processes on one CPU, where other orders of
# events come up. The file x-pinned.pinned stands for that run of x; it is empty.
TEST_EXTENSIONS = .pinned
pinned_tests = $(pinnable_tests:=-pinned.pinned)
windows_pinned_tests = $(port_tests:=-pinned.pinned) tests/test-lock-pinned.pinned \
  tests/test-event-pinned.pinned tests/test-queue-waiting-pinned.pinned
PINNED_LOG_DRIVER = $(LOG_DRIVER)
PINNED_LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/pinned
AM_PINNED_LOG_FLAGS = $(LOG_COMPILER)
CLEANFILES += $(pinned_tests)
EXTRA_DIST += tests/pinned build-aux/append-tap

$(pinned_tests): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && : > $@

# Scripts that look at the tree, at the library and at the programs.
check_scripts = \
  $(binding_scripts) \
  tests/crash/check-points \
  tests/check-docs \
  tests/check-examples \
  tests/check-format \
  tests/check-install \
  tests/check-layering \
  tests/check-symbols \
  tests/programs/check-completion \
  tests/programs/check-programs
dist_check_SCRIPTS += $(check_scripts)

TESTS = $(test_programs) $(pinned_tests) $(check_scripts)

# --- the other start method ------------------------------------------------------------------------
# The programs whose processes are started by the library, as a user chooses for all of them.
.PHONY: check-forkserver
check-forkserver: all
	GMPROC_START_METHOD=forkserver $(MAKE) $(AM_MAKEFLAGS) check \
	  TESTS='$(public_tests) tests/port/test-child tests/port/test-posix'

# --- the test programs under valgrind ------------------------------------------------------------
# The exit status makes a report of valgrind a failure of the test.
EXTRA_DIST += build-aux/valgrind.supp
VALGRIND_FLAGS = --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
  --errors-for-leak-kinds=definite --suppressions=$(abs_top_srcdir)/build-aux/valgrind.supp

.PHONY: check-valgrind
check-valgrind: all
	@test -n "$(VALGRIND)" || { echo 'check-valgrind needs valgrind' >&2; exit 1; }
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(test_programs)' LOG_COMPILER='$(SHELL) ./libtool \
	  --mode=execute env G_SLICE=always-malloc $(VALGRIND) $(VALGRIND_FLAGS)'

# --- processes that are killed at every step ------------------------------------------------------
# Only a library that was configured with --enable-crash-points has the steps; see
# tests/crash/test-crash.c. GMPROC_CRASH_MODE=nightly kills more often.
crash_tests = tests/crash/test-crash tests/crash/check-broken
dist_check_SCRIPTS += tests/crash/check-broken

if ENABLE_CRASH_POINTS
check_PROGRAMS += tests/crash/test-crash
# Automake has rules for the tests that it knows.
TESTS += $(crash_tests)
endif
tests_crash_test_crash_SOURCES = \
  tests/crash/item.c \
  tests/crash/item.h \
  tests/crash/ledger.c \
  tests/crash/ledger.h \
  tests/crash/pool.c \
  tests/crash/pool.h \
  tests/crash/round.c \
  tests/crash/round.h \
  tests/crash/test-crash.c \
  tests/crash/workload-barrier.c \
  tests/crash/workload-condition.c \
  tests/crash/workload-event.c \
  tests/crash/workload-lock.c \
  tests/crash/workload-queue-close.c \
  tests/crash/workload-queue.c \
  tests/crash/workload-semaphore.c
tests_crash_test_crash_LDADD = tests/libsupport.la lib/libgmproc-core.la $(GLIB_LIBS)

.PHONY: check-crash
if ENABLE_CRASH_POINTS
check-crash: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(crash_tests)'

install-exec-local:
	@echo 'a library with crash points is for tests, and is not installed' >&2; exit 1
else
check-crash:
	@echo 'SKIP: check-crash needs a build that was configured with --enable-crash-points'
endif

# --- libFuzzer ------------------------------------------------------------------------------------
# `make fuzz` builds tests/fuzz/decoder and the other targets, which want clang. They are run by
# hand: tests/fuzz/decoder -max_len=256 new-corpus tests/fuzz/corpus/decoder
# make fuzz FUZZ_SANITIZE=fuzzer is several times as fast, and sees only what crashes by itself.
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/make-corpus
FUZZ_CC = clang
FUZZ_CFLAGS = -g -O2
FUZZ_SANITIZE = fuzzer,address,undefined
fuzz_targets = $(fuzz_tests:tests/fuzz/test-%=tests/fuzz/%)
fuzz_library = $(filter %.c,$(lib_libgmproc_core_la_SOURCES))
fuzz_headers = tests/fuzz/fuzz.h $(filter %.h,$(lib_libgmproc_core_la_SOURCES))
fuzz_objects = $(fuzz_library:%.c=tests/fuzz/objects/%.o)
fuzz_compile = $(FUZZ_CC) $(DEFS) -I. -I$(top_builddir)/lib -I$(top_srcdir)/lib \
  -DGMPROC_COMPILATION -DG_LOG_DOMAIN='"gmproc"' $(GLIB_CFLAGS) $(FUZZ_CFLAGS)

.PHONY: fuzz
fuzz: $(fuzz_targets)
$(fuzz_targets) $(fuzz_objects): $(fuzz_headers)
$(fuzz_targets): tests/fuzz/%: tests/fuzz/fuzz-%.c $(fuzz_objects)
	$(AM_V_CCLD)$(fuzz_compile) -fsanitize=$(FUZZ_SANITIZE) -o $@ $< $(fuzz_objects) \
	  $(port_libs) $(GLIB_LIBS)
$(fuzz_objects): tests/fuzz/objects/%.o: %.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(fuzz_compile) \
	  -fsanitize=$(FUZZ_SANITIZE:fuzzer%=fuzzer-no-link%) -c -o $@ $<
CLEANFILES += $(fuzz_targets) $(fuzz_objects)
