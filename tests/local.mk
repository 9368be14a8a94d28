# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
#
# To add a test program, add its name to one of the three lists: tests/test-x is made from
# tests/test-x.c and the support library. A public test is linked with the library as a user
# does it; a test of lib/internal or lib/port is linked with the core, where nothing is hidden.

public_tests = \
  tests/test-connection \
  tests/test-init \
  tests/test-pool \
  tests/test-pool-crash \
  tests/test-pool-life \
  tests/test-process \
  tests/test-process-daemon \
  tests/test-process-subclass \
  tests/test-target

internal_tests = \
  tests/internal/test-codec \
  tests/internal/test-link \
  tests/internal/test-registry

port_tests = \
  tests/port/test-channel \
  tests/port/test-child \
  tests/port/test-handle \
  tests/port/test-lifeline \
  tests/port/test-lock \
  tests/port/test-memory \
  tests/port/test-self \
  tests/port/test-word

test_programs = $(public_tests) $(internal_tests) $(port_tests)
check_PROGRAMS += $(test_programs)

check_LTLIBRARIES += tests/libsupport.la
tests_libsupport_la_SOURCES = \
  tests/support.c \
  tests/support.h \
  tests/port/leaks.h
if !OS_WIN32
tests_libsupport_la_SOURCES += tests/port/leaks-posix.c
endif
tests_libsupport_la_LIBADD = $(GLIB_LIBS)

# The other process of a port test; it is written on the port, so public tests do without.
check_LTLIBRARIES += tests/port/libpeer.la
tests_port_libpeer_la_SOURCES = \
  tests/port/peer.c \
  tests/port/peer.h

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
  PROGRAMS_DIR='$(abs_top_builddir)/programs'; \
  TASKSET='$(TASKSET)'; \
  abs_top_builddir='$(abs_top_builddir)'; \
  abs_top_srcdir='$(abs_top_srcdir)'; \
  export PROGRAMS_DIR TASKSET abs_top_builddir abs_top_srcdir;

# Each test program runs a second time with all its processes on one CPU, where other orders of
# events come up. The file x-pinned.pinned stands for that run of x; it is empty.
TEST_EXTENSIONS = .pinned
pinned_tests = $(test_programs:=-pinned.pinned)
PINNED_LOG_DRIVER = $(LOG_DRIVER)
PINNED_LOG_COMPILER = $(SHELL) $(top_srcdir)/tests/pinned
AM_PINNED_LOG_FLAGS = $(LOG_COMPILER)
CLEANFILES += $(pinned_tests)
EXTRA_DIST += tests/pinned build-aux/append-tap

$(pinned_tests): Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && : > $@

# Scripts that look at the tree, at the library and at the programs.
check_scripts = \
  tests/check-format \
  tests/check-layering \
  tests/check-symbols \
  tests/programs/check-programs
dist_check_SCRIPTS += $(check_scripts)

TESTS = $(test_programs) $(pinned_tests) $(check_scripts)

# --- the test programs under valgrind ------------------------------------------------------------
# The exit status makes a report of valgrind a failure of the test.
EXTRA_DIST += build-aux/lsan.supp build-aux/valgrind.supp
VALGRIND_FLAGS = --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
  --errors-for-leak-kinds=definite --suppressions=$(abs_top_srcdir)/build-aux/valgrind.supp

.PHONY: check-valgrind
check-valgrind: all
	@test -n "$(VALGRIND)" || { echo 'check-valgrind needs valgrind' >&2; exit 1; }
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(test_programs)' LOG_COMPILER='$(SHELL) ./libtool \
	  --mode=execute env G_SLICE=always-malloc $(VALGRIND) $(VALGRIND_FLAGS)'
