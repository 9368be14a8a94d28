# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors

# --- Vala ----------------------------------------------------------------------------------------
if ENABLE_VALA
vapidir = $(datadir)/vala/vapi
vapi_DATA = bindings/libgmproc.vapi bindings/libgmproc.deps
CLEANFILES += $(vapi_DATA)

# The compiler compares what is said about versions with that of the package, which is not 1.0 yet.
bindings/libgmproc.vapi: lib/Gmproc-1.gir
	$(AM_V_GEN)$(MKDIR_P) $(@D) \
	  && $(VAPIGEN) --quiet --library=libgmproc --pkg=gio-2.0 --directory=$(@D) $< \
	  && sed '/^[[:space:]]*\[Version (since = "1\.0")\]$$/d' $@ > $@.new && mv $@.new $@

bindings/libgmproc.deps: Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && echo gio-2.0 > $@
endif

# --- Python --------------------------------------------------------------------------------------
EXTRA_DIST += bindings/python/gi/overrides/Gmproc.py
if INSTALL_PYTHON_OVERRIDES
pythonoverrides_DATA = bindings/python/gi/overrides/Gmproc.py
endif

# --- the library of another author, for the tests from the languages --------------------------------
binding_scripts = \
  tests/bindings/check-gjs \
  tests/bindings/check-python \
  tests/bindings/check-vala
EXTRA_DIST += \
  tests/bindings/environment \
  tests/bindings/gjs.js \
  tests/bindings/python.py \
  tests/bindings/vala.vala

if ENABLE_INTROSPECTION
check_LTLIBRARIES += tests/bindings/libsquares.la
tests_bindings_libsquares_la_SOURCES = tests/bindings/squares.c tests/bindings/squares.h
tests_bindings_libsquares_la_CFLAGS = $(AM_CFLAGS) -fvisibility=default
tests_bindings_libsquares_la_LIBADD = lib/libgmproc.la $(GLIB_LIBS)
# With a folder, libtool makes a shared library although it is not installed.
tests_bindings_libsquares_la_LDFLAGS = -avoid-version -no-undefined -rpath $(abs_builddir)/tests

check_DATA += tests/bindings/Squares-1.typelib
CLEANFILES += $(check_DATA) tests/bindings/Squares-1.gir

tests/bindings/Squares-1.gir: tests/bindings/libsquares.la
	$(AM_V_GEN)env CC='$(CC)' CFLAGS='$(CFLAGS)' LDFLAGS='$(LDFLAGS)' \
	  $(G_IR_SCANNER) --quiet --warn-all --namespace=Squares --nsversion=1 \
	  --identifier-prefix=Squares --symbol-prefix=squares --include=GObject-2.0 \
	  --pkg=gobject-2.0 --libtool="$(SHELL) $(top_builddir)/libtool" \
	  --library=tests/bindings/libsquares.la --output=$@ \
	  $(srcdir)/tests/bindings/squares.h $(srcdir)/tests/bindings/squares.c

tests/bindings/Squares-1.typelib: tests/bindings/Squares-1.gir
	$(AM_V_GEN)$(G_IR_COMPILER) --output=$@ $<
else
EXTRA_DIST += tests/bindings/squares.c tests/bindings/squares.h
endif
