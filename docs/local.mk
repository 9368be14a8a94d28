# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors

# Pages of the reference too; the drawings in them are Mermaid.
docs_pages = \
  docs/architecture.md \
  docs/conformance.md \
  docs/performance.md \
  docs/pool.md \
  docs/porting.md \
  docs/queue.md \
  docs/synchronization.md \
  docs/trace.md \
  docs/windows.md \
  docs/wire-format.md
EXTRA_DIST += docs/libgmproc.toml docs/trace.svg build-aux/trace-to-svg $(docs_pages)

# Projects that tests/check-install builds.
EXTRA_DIST += \
  docs/examples/cmake/CMakeLists.txt \
  docs/examples/cmake/squares.c \
  docs/examples/meson/meson.build \
  docs/examples/meson/squares.c

if ENABLE_DOCS
# gi-docgen writes a folder of pages; its index stands for all of them.
reference_dir = docs/reference
reference_index = $(reference_dir)/index.html
docsdir = $(datadir)/doc/libgmproc/reference

$(reference_index): lib/Gmproc-1.gir docs/libgmproc.toml
	$(AM_V_GEN)$(GI_DOCGEN) generate --quiet --no-namespace-dir \
	  --config=$(srcdir)/docs/libgmproc.toml --content-dir=$(srcdir)/docs \
	  --output-dir=$(reference_dir) lib/Gmproc-1.gir

all-local: $(reference_index)

install-data-local: $(reference_index)
	$(MKDIR_P) "$(DESTDIR)$(docsdir)"
	cp -R $(reference_dir)/. "$(DESTDIR)$(docsdir)"

uninstall-local:
	rm -rf "$(DESTDIR)$(docsdir)"

clean-local:
	rm -rf $(reference_dir)
endif

# --- the models of the protocols, through spin ------------------------------------------------------
# See docs/model/README.md. The script says what it skips.
EXTRA_DIST += \
  docs/model/README.md \
  docs/model/check-model \
  docs/model/lock.pml \
  docs/model/queue.pml \
  docs/model/waitpoint.pml

.PHONY: check-model
check-model:
	@CC='$(CC)' $(SHELL) $(srcdir)/docs/model/check-model

# --- examples ---------------------------------------------------------------------------------------
# Built and run by `make check`, and not installed: tests/check-examples.
check_PROGRAMS += docs/examples/checksum_tree
docs_examples_checksum_tree_LDADD = lib/libgmproc.la $(GLIB_LIBS)
EXTRA_DIST += docs/examples/checksum_tree.py
