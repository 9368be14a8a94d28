# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
#
# libtool installs into no folder with a blank in its name, because it does not quote that name. This
# quotes it, in the libtool that configure has made. Where another release of libtool is written
# differently, nothing is changed.
s|"\$install_shared_prog \$dir/\$srcname \$destdir/\$realname"|"$install_shared_prog \\"$dir/$srcname\\" \\"$destdir/$realname\\""|
s|"\$striplib \$destdir/\$realname"|"$striplib \\"$destdir/$realname\\""|
s|"(cd \$destdir \&\& {|"(cd \\"$destdir\\" \&\& {|
s|"\$install_prog \$instname \$destdir/\$name"|"$install_prog \\"$instname\\" \\"$destdir/$name\\""|
s|"\$install_prog \\\$file \\\$oldlib"|"$install_prog \\"$file\\" \\"$oldlib\\""|
s|"\$old_striplib \$tool_oldlib"|"$old_striplib \\"$tool_oldlib\\""|
s|^old_postinstall_cmds="chmod 644 \\\$oldlib~\\\$RANLIB \\\$tool_oldlib"|old_postinstall_cmds="chmod 644 '\\$oldlib'~\\$RANLIB '\\$tool_oldlib'"|
s|func_append current_libdirs " \$libdir"|func_append current_libdirs " '$libdir'"|
s|--finish\$current_libdirs'|--finish'"$current_libdirs"|
s|"\$install_prog\\\$stripme \\\$file \\\$destfile"|"$install_prog\\$stripme \\"\\$file\\" \\"\\$destfile\\""|
