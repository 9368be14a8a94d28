# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
#
# Each program is one source file of its name. LDADD, the default, is for the tests.

noinst_HEADERS += programs/options.h
program_ldadd = lib/libgmproc.la $(GLIB_LIBS)

bin_PROGRAMS += programs/communicating_with_pipe
dist_man_MANS += programs/communicating_with_pipe.1
programs_communicating_with_pipe_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/communicating_with_queue
dist_man_MANS += programs/communicating_with_queue.1
programs_communicating_with_queue_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/derom
dist_man_MANS += programs/derom.1
programs_derom_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/killing_processes
dist_man_MANS += programs/killing_processes.1
programs_killing_processes_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/naming_processes
dist_man_MANS += programs/naming_processes.1
programs_naming_processes_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/process_in_subclass
dist_man_MANS += programs/process_in_subclass.1
programs_process_in_subclass_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/process_pool
dist_man_MANS += programs/process_pool.1
programs_process_pool_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/processes_barrier
dist_man_MANS += programs/processes_barrier.1
programs_processes_barrier_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/run_background_processes
dist_man_MANS += programs/run_background_processes.1
programs_run_background_processes_LDADD = $(program_ldadd)

bin_PROGRAMS += programs/spawning_processes
dist_man_MANS += programs/spawning_processes.1
programs_spawning_processes_LDADD = $(program_ldadd)
