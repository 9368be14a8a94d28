# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
#
# Built and run by `make bench` only.

bench_programs = bench/first-look
EXTRA_PROGRAMS += $(bench_programs)
CLEANFILES += $(bench_programs:=$(EXEEXT))
EXTRA_DIST += bench/README.md bench/peer_cpython.py
bench_first_look_SOURCES = \
  bench/first-look.c \
  bench/measure.c \
  bench/measure.h \
  bench/ours.c \
  bench/raw.c
bench_first_look_LDADD = lib/libgmproc.la $(GLIB_LIBS)

.PHONY: bench
bench: $(bench_programs:=$(EXEEXT))
	$(AM_V_at)PEER_CPYTHON='$(abs_top_srcdir)/bench/peer_cpython.py' bench/first-look$(EXEEXT)
