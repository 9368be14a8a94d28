# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors

# bash looks for a file with the name of the command. They are links to the first.
completiondir = $(datadir)/bash-completion/completions
EXTRA_DIST += completions/gmproc-programs
completion_names = $(notdir $(bin_PROGRAMS:$(EXEEXT)=))
first_completion = $(firstword $(completion_names))

install-data-hook:
	$(MKDIR_P) "$(DESTDIR)$(completiondir)"
	$(INSTALL_DATA) $(srcdir)/completions/gmproc-programs \
	  "$(DESTDIR)$(completiondir)/$(first_completion)"
	for name in $(filter-out $(first_completion),$(completion_names)); do \
	  ln -sf $(first_completion) "$(DESTDIR)$(completiondir)/$$name" || exit 1; \
	done

# libtool cannot remove what lies in a folder with a blank in its name.
uninstall-hook:
	for name in $(completion_names); do rm -f "$(DESTDIR)$(completiondir)/$$name"; done
	rm -f "$(DESTDIR)$(libdir)"/libgmproc.so* "$(DESTDIR)$(libdir)/libgmproc.a" \
	  "$(DESTDIR)$(libdir)/libgmproc.la"
