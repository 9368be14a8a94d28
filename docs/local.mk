# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors

# Pages of the reference too.
docs_pages = \
  docs/architecture.md \
  docs/bindings.md \
  docs/conformance.md \
  docs/crashes.md \
  docs/faq.md \
  docs/from-python.md \
  docs/getting-started.md \
  docs/messages.md \
  docs/performance.md \
  docs/pool.md \
  docs/porting.md \
  docs/processes.md \
  docs/queue.md \
  docs/shared-state.md \
  docs/synchronization.md \
  docs/trace.md \
  docs/windows.md \
  docs/wire-format.md
EXTRA_DIST += docs/libgmproc.toml $(docs_pages)

# Their pictures. Sequences are drawn from a text beside them and kept, because a forge shows them from
# there: `make drawings` after a change, and tests/check-docs tells a drawing that is out of date. The
# plots are of the last run of `make bench` that was recorded, so there may be none.
drawings = \
  docs/item-sequence.svg \
  docs/key-sequence.svg \
  docs/process-sequence.svg
plots = $(patsubst $(srcdir)/%,%,$(wildcard $(srcdir)/docs/performance-*.svg))
images = $(drawings) $(plots) docs/process-states.svg docs/trace.svg
EXTRA_DIST += $(drawings:.svg=.mmd) $(images) build-aux/sequence-to-svg build-aux/trace-to-svg

.PHONY: drawings
drawings:
	for drawing in $(drawings:.svg=); do \
	  $(srcdir)/build-aux/sequence-to-svg $(srcdir)/$$drawing.mmd > drawing.new \
	    && mv drawing.new $(srcdir)/$$drawing.svg || exit 1; \
	done

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
comma = ,

# What gi-docgen reads: each page with its title before it, and with links to pages of the site.
site_dir = docs/site
site_pages = $(docs_pages:docs/%=$(site_dir)/%)
site_images = $(images:docs/%=$(site_dir)/%)

$(site_dir)/%.md: docs/%.md
	$(AM_V_GEN)$(MKDIR_P) $(site_dir) && $(AWK) ' \
	  /^# / && !has_title { print "Title: " substr ($$0, 3) "\n"; has_title = 1 } \
	  has_title { gsub (/\]\([a-z-]+\.md/, "&@"); gsub (/\.md@/, ".html"); print }' $< > $@

$(site_dir)/libgmproc.toml: docs/libgmproc.toml Makefile $(site_images)
	$(AM_V_GEN)$(MKDIR_P) $(site_dir) && $(AWK) ' \
	  { print } \
	  /^\[library\]$$/ { print "version = \"$(PACKAGE_VERSION)\"" } \
	  /^\[extra\]$$/ { print "content_images = [$(patsubst %,\"%\"$(comma),$(notdir $(images)))]" }' \
	  $(srcdir)/docs/libgmproc.toml > $@

$(site_dir)/%.svg: docs/%.svg
	$(AM_V_GEN)$(MKDIR_P) $(site_dir) && cp -f $< $@

$(reference_index): lib/Gmproc-1.gir $(site_dir)/libgmproc.toml $(site_pages) $(site_images)
	$(AM_V_GEN)$(GI_DOCGEN) generate --quiet --no-namespace-dir --fatal-warnings \
	  --config=$(site_dir)/libgmproc.toml --content-dir=$(site_dir) \
	  --output-dir=$(reference_dir) lib/Gmproc-1.gir \
	  && printf '%s\n' \
	    '.docblock table { display: block; overflow-x: auto; } /* a wide one scrolls */' \
	    '.docblock td code { word-break: normal; } /* not in the middle of a name */' \
	    >> $(reference_dir)/style.css

all-local: $(reference_index)

install-data-local: $(reference_index)
	$(MKDIR_P) "$(DESTDIR)$(docsdir)"
	cp -R $(reference_dir)/. "$(DESTDIR)$(docsdir)"

uninstall-local:
	rm -rf "$(DESTDIR)$(docsdir)"

clean-local:
	rm -rf $(reference_dir) $(site_dir)
endif

# --- the models of the protocols, through spin ------------------------------------------------------
# See docs/model/README.md. The script says what it skips.
EXTRA_DIST += \
  docs/model/README.md \
  docs/model/barrier.pml \
  docs/model/check-model \
  docs/model/lock.pml \
  docs/model/queue.pml \
  docs/model/waitpoint.pml

.PHONY: check-model
check-model:
	@CC='$(CC)' $(SHELL) $(srcdir)/docs/model/check-model

# --- examples ---------------------------------------------------------------------------------------
# Built and run by `make check`, and not installed: tests/check-examples.
example_programs = docs/examples/checksum_tree
check_PROGRAMS += $(example_programs)
docs_examples_checksum_tree_LDADD = lib/libgmproc.la $(GLIB_LIBS)
EXTRA_DIST += docs/examples/checksum_tree.py
