# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors

# --- what a user includes ------------------------------------------------------------------------
gmprocincludedir = $(includedir)/gmproc-1
public_headers = \
  lib/gmproc.h \
  lib/gmproc-array.h \
  lib/gmproc-barrier.h \
  lib/gmproc-condition.h \
  lib/gmproc-connection.h \
  lib/gmproc-descriptor.h \
  lib/gmproc-dump.h \
  lib/gmproc-error.h \
  lib/gmproc-event.h \
  lib/gmproc-init.h \
  lib/gmproc-listener.h \
  lib/gmproc-lock.h \
  lib/gmproc-pool-iterator.h \
  lib/gmproc-pool-options.h \
  lib/gmproc-pool-source.h \
  lib/gmproc-pool.h \
  lib/gmproc-process.h \
  lib/gmproc-process-streams.h \
  lib/gmproc-queue.h \
  lib/gmproc-semaphore.h \
  lib/gmproc-shared-memory.h \
  lib/gmproc-start-method.h \
  lib/gmproc-target.h \
  lib/gmproc-types.h \
  lib/gmproc-value.h \
  lib/gmproc-visibility.h \
  lib/gmproc-waitable.h
gmprocinclude_HEADERS = $(public_headers)
nodist_gmprocinclude_HEADERS = lib/gmproc-version.h

# --- the objects ---------------------------------------------------------------------------------
public_sources = \
  lib/gmproc-array.c \
  lib/gmproc-barrier-async.c \
  lib/gmproc-barrier-private.h \
  lib/gmproc-barrier-round.c \
  lib/gmproc-barrier.c \
  lib/gmproc-condition-async.c \
  lib/gmproc-condition-private.h \
  lib/gmproc-condition.c \
  lib/gmproc-connect.c \
  lib/gmproc-connection-private.h \
  lib/gmproc-connection-receive-async.c \
  lib/gmproc-connection-receive.c \
  lib/gmproc-connection-send-async.c \
  lib/gmproc-connection-send.c \
  lib/gmproc-connection-wait.c \
  lib/gmproc-connection.c \
  lib/gmproc-descriptor.c \
  lib/gmproc-dump-private.h \
  lib/gmproc-dump.c \
  lib/gmproc-error.c \
  lib/gmproc-event.c \
  lib/gmproc-init.c \
  lib/gmproc-listener-accept.c \
  lib/gmproc-listener-private.h \
  lib/gmproc-listener.c \
  lib/gmproc-lock-async.c \
  lib/gmproc-lock-private.h \
  lib/gmproc-lock.c \
  lib/gmproc-pool-by-name.c \
  lib/gmproc-pool-call.c \
  lib/gmproc-pool-call.h \
  lib/gmproc-pool-crew.c \
  lib/gmproc-pool-iterator-async.c \
  lib/gmproc-pool-iterator-private.h \
  lib/gmproc-pool-iterator.c \
  lib/gmproc-pool-life.c \
  lib/gmproc-pool-map.c \
  lib/gmproc-pool-messages.c \
  lib/gmproc-pool-options.c \
  lib/gmproc-pool-private.h \
  lib/gmproc-pool-source-private.h \
  lib/gmproc-pool-source.c \
  lib/gmproc-pool-stats.c \
  lib/gmproc-pool-worker.c \
  lib/gmproc-pool-worker.h \
  lib/gmproc-pool.c \
  lib/gmproc-process-error.c \
  lib/gmproc-process-life.c \
  lib/gmproc-process-private.h \
  lib/gmproc-process-self.c \
  lib/gmproc-process-setup.c \
  lib/gmproc-process-start.c \
  lib/gmproc-process-state.c \
  lib/gmproc-process-streams.c \
  lib/gmproc-process-wait.c \
  lib/gmproc-process.c \
  lib/gmproc-queue-async.c \
  lib/gmproc-queue-many-async.c \
  lib/gmproc-queue-many.c \
  lib/gmproc-queue-private.h \
  lib/gmproc-queue-source.c \
  lib/gmproc-queue.c \
  lib/gmproc-semaphore.c \
  lib/gmproc-shared-memory-named.c \
  lib/gmproc-shared-memory-private.h \
  lib/gmproc-shared-memory-size.c \
  lib/gmproc-shared-memory.c \
  lib/gmproc-start-method.c \
  lib/gmproc-target.c \
  lib/gmproc-value-number.c \
  lib/gmproc-value-private.h \
  lib/gmproc-value.c \
  lib/gmproc-waitable.c

internal_sources = \
  lib/internal/arena.c \
  lib/internal/arena.h \
  lib/internal/async.c \
  lib/internal/async.h \
  lib/internal/bootstrap.c \
  lib/internal/bootstrap.h \
  lib/internal/body.c \
  lib/internal/body.h \
  lib/internal/buffer-finish.c \
  lib/internal/buffer-private.h \
  lib/internal/buffer-transfer.c \
  lib/internal/buffer.c \
  lib/internal/buffer.h \
  lib/internal/bundle.c \
  lib/internal/bundle.h \
  lib/internal/census.c \
  lib/internal/census.h \
  lib/internal/channel.c \
  lib/internal/channel.h \
  lib/internal/child.c \
  lib/internal/child.h \
  lib/internal/codec.c \
  lib/internal/codec.h \
  lib/internal/command.c \
  lib/internal/command.h \
  lib/internal/deadline.c \
  lib/internal/deadline.h \
  lib/internal/envelope.c \
  lib/internal/envelope.h \
  lib/internal/family.c \
  lib/internal/family.h \
  lib/internal/greeting.c \
  lib/internal/greeting.h \
  lib/internal/guard.c \
  lib/internal/guard.h \
  lib/internal/inbox.c \
  lib/internal/inbox.h \
  lib/internal/job-results.c \
  lib/internal/handshake.c \
  lib/internal/handshake.h \
  lib/internal/job.c \
  lib/internal/job.h \
  lib/internal/kind.h \
  lib/internal/link.c \
  lib/internal/link.h \
  lib/internal/log.c \
  lib/internal/log.h \
  lib/internal/mappings.c \
  lib/internal/mappings.h \
  lib/internal/monitor.c \
  lib/internal/monitor.h \
  lib/internal/number.c \
  lib/internal/number.h \
  lib/internal/outcome.c \
  lib/internal/outcome.h \
  lib/internal/parcel.c \
  lib/internal/parcel.h \
  lib/internal/part.c \
  lib/internal/part.h \
  lib/internal/parties.c \
  lib/internal/parties.h \
  lib/internal/properties.c \
  lib/internal/properties.h \
  lib/internal/reception.c \
  lib/internal/reception.h \
  lib/internal/registry.c \
  lib/internal/registry.h \
  lib/internal/report.c \
  lib/internal/report.h \
  lib/internal/ring.c \
  lib/internal/ring-transfer.h \
  lib/internal/ring.h \
  lib/internal/shareable.c \
  lib/internal/shareable.h \
  lib/internal/spin.h \
  lib/internal/stream-channel.c \
  lib/internal/stream.c \
  lib/internal/stream.h \
  lib/internal/trace.c \
  lib/internal/trace.h \
  lib/internal/turn.c \
  lib/internal/turn.h \
  lib/internal/wait-source.c \
  lib/internal/wait-source.h \
  lib/internal/waitpoint.c \
  lib/internal/waitpoint.h \
  lib/internal/watch.c \
  lib/internal/watch.h \
  lib/internal/worker-link.c \
  lib/internal/worker-link.h \
  lib/internal/worker.c \
  lib/internal/worker.h

# The header is a part of every build; the rest is for the tests that kill at given places.
internal_sources += lib/internal/crash-point.h
if ENABLE_CRASH_POINTS
internal_sources += lib/internal/crash-point.c
endif

port_posix_sources = \
  lib/port/channel-posix.c \
  lib/port/child-posix.c \
  lib/port/courier-posix.c \
  lib/port/fork-copy-posix.c \
  lib/port/fork-copy-posix.h \
  lib/port/fork-helper-posix.c \
  lib/port/fork-message-posix.c \
  lib/port/fork-message-posix.h \
  lib/port/fork-server-posix.c \
  lib/port/fork-server-posix.h \
  lib/port/gate-posix.c \
  lib/port/handle-posix.c \
  lib/port/handle-posix.h \
  lib/port/inheritance-posix.c \
  lib/port/inheritance-posix.h \
  lib/port/journal-posix.c \
  lib/port/leash-posix.c \
  lib/port/lifeline-posix.c \
  lib/port/lock-posix.c \
  lib/port/memory-posix.c \
  lib/port/memory-posix.h \
  lib/port/name-posix.c \
  lib/port/port-error-posix.c \
  lib/port/presence-posix.c \
  lib/port/quota-posix.c \
  lib/port/random-posix.c \
  lib/port/rights-posix.c \
  lib/port/rights-posix.h \
  lib/port/self-posix.c \
  lib/port/self-posix.h \
  lib/port/socket-posix.c \
  lib/port/spawn-posix.c \
  lib/port/spawn-posix.h \
  lib/port/stream-posix.c \
  lib/port/thread-posix.c \
  lib/port/wait-posix.c \
  lib/port/wait-posix.h \
  lib/port/word-posix.c

port_win32_sources = \
  lib/port/bootstrap-win32.c \
  lib/port/bootstrap-win32.h \
  lib/port/channel-win32.c \
  lib/port/child-win32.c \
  lib/port/courier-win32.c \
  lib/port/ear-win32.c \
  lib/port/ear-win32.h \
  lib/port/gate-win32.c \
  lib/port/handle-win32.c \
  lib/port/handle-win32.h \
  lib/port/job-win32.c \
  lib/port/job-win32.h \
  lib/port/journal-win32.c \
  lib/port/leash-win32.c \
  lib/port/lifeline-win32.c \
  lib/port/lock-win32.c \
  lib/port/memory-win32.c \
  lib/port/name-win32.c \
  lib/port/overlapped-win32.c \
  lib/port/overlapped-win32.h \
  lib/port/pipe-win32.c \
  lib/port/pipe-win32.h \
  lib/port/port-error-win32.c \
  lib/port/presence-win32.c \
  lib/port/presence-win32.h \
  lib/port/quota-win32.c \
  lib/port/random-win32.c \
  lib/port/room-win32.c \
  lib/port/room-win32.h \
  lib/port/route-win32.c \
  lib/port/route-win32.h \
  lib/port/security-win32.c \
  lib/port/security-win32.h \
  lib/port/self-win32.c \
  lib/port/socket-win32.c \
  lib/port/spawn-win32.c \
  lib/port/spawn-win32.h \
  lib/port/status-win32.c \
  lib/port/status-win32.h \
  lib/port/stream-win32.c \
  lib/port/thread-win32.c \
  lib/port/word-win32.c

# bcrypt has the random numbers of Windows.
if OS_WIN32
port_sources = $(port_win32_sources)
port_libs = -lbcrypt
else
port_sources = $(port_posix_sources)
port_libs =
endif

# Every object is in the core, so that a test can link what the library hides.
noinst_LTLIBRARIES += lib/libgmproc-core.la
lib_libgmproc_core_la_SOURCES = \
  $(public_sources) \
  $(internal_sources) \
  lib/port/port.h \
  lib/port/port-error.h \
  lib/port/self.c \
  $(port_sources)
lib_libgmproc_core_la_LIBADD = $(port_libs) $(GLIB_LIBS)

# Before a release, on what happened to the interface since the last one (current:revision:age):
#   nothing, only the code changed    revision + 1
#   something was added               current + 1, revision = 0, age + 1
#   something changed or was removed  current + 1, revision = 0, age = 0; the soname changes
lib_LTLIBRARIES += lib/libgmproc.la
lib_libgmproc_la_SOURCES =
lib_libgmproc_la_LIBADD = lib/libgmproc-core.la $(GLIB_LIBS)
lib_libgmproc_la_LDFLAGS = -no-undefined -version-info 0:0:0

# --- introspection -------------------------------------------------------------------------------
if ENABLE_INTROSPECTION
gir_file = lib/Gmproc-1.gir
girdir = $(datadir)/gir-1.0
gir_DATA = $(gir_file)
typelibdir = $(libdir)/girepository-1.0
typelib_DATA = $(gir_file:.gir=.typelib)
CLEANFILES += $(gir_DATA) $(typelib_DATA)

gir_inputs = $(public_headers) $(filter %.c,$(public_sources))

# The scanner builds and runs a small program; the search path lets it find the new library.
lib/Gmproc-1.gir: lib/libgmproc.la $(gir_inputs) lib/gmproc-version.h
	$(AM_V_GEN)env CC='$(CC)' CFLAGS='$(CFLAGS)' LDFLAGS='$(LDFLAGS)' \
	  $(G_IR_SCANNER) --quiet --warn-all $(SCANNER_WERROR) \
	  --namespace=Gmproc --nsversion=1 \
	  --identifier-prefix=Gmproc --symbol-prefix=gmproc \
	  --include=Gio-2.0 --pkg=gio-2.0 --pkg-export=libgmproc --c-include=gmproc.h \
	  --libtool="$(SHELL) $(top_builddir)/libtool" --library=lib/libgmproc.la \
	  --cflags-begin -I$(top_builddir)/lib -I$(top_srcdir)/lib -DGMPROC_COMPILATION \
	  --cflags-end \
	  --output=$@ lib/gmproc-version.h $(addprefix $(srcdir)/,$(gir_inputs))

lib/Gmproc-1.typelib: lib/Gmproc-1.gir
	$(AM_V_GEN)$(G_IR_COMPILER) --output=$@ $<
endif
