# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors

# GMPROC_BINDINGS
# What is installed for other languages beside the typelib, and what the tests from them need.
AC_DEFUN([GMPROC_BINDINGS], [
  AC_REQUIRE([GMPROC_INTROSPECTION])

  # Not the macro of vapigen, so that autoreconf works on a machine that does not have it.
  AC_ARG_ENABLE([vala],
    [AS_HELP_STRING([--enable-vala], [build the bindings for Vala @<:@default=auto@:>@])],
    [], [enable_vala=auto])
  AC_PATH_PROG([VAPIGEN], [vapigen])
  AC_PATH_PROG([VALAC], [valac])
  vala_missing=
  AS_IF([test -z "$VAPIGEN"], [vala_missing='vapigen is missing'],
    [test "$enable_introspection" = no], [vala_missing='it needs introspection'])
  AS_IF([test "$enable_vala" = no], [vala_summary='no, as asked'],
    [test -z "$vala_missing"], [enable_vala=yes vala_summary=yes],
    [test "$enable_vala" = yes],
      [AC_MSG_ERROR([the bindings for Vala were asked for, but $vala_missing])],
      [enable_vala=no vala_summary="left out: $vala_missing"])
  AM_CONDITIONAL([ENABLE_VALA], [test "$enable_vala" = yes])

  # PyGObject belongs to the Python of the system, and another one may come first in the path.
  AC_ARG_VAR([PYTHON], [a Python interpreter with PyGObject])
  AC_CACHE_CHECK([for a Python with PyGObject], [gmproc_cv_python], [
    gmproc_cv_python=no
    for gmproc_candidate in $PYTHON python3 /usr/bin/python3; do
      AS_IF(["$gmproc_candidate" -c 'import gi' > /dev/null 2>&1],
        [gmproc_cv_python=$gmproc_candidate; break])
    done
  ])
  AS_IF([test "$gmproc_cv_python" = no], [PYTHON=], [PYTHON=$gmproc_cv_python])
  AC_ARG_WITH([python-overrides],
    [AS_HELP_STRING([--with-python-overrides=DIR],
      [where PyGObject looks for overrides @<:@default=PREFIX/lib/pythonX.Y/site-packages/gi/overrides@:>@])],
    [], [with_python_overrides=auto])
  AS_IF([test "$with_python_overrides" != auto], [],
    [test "$enable_introspection" = no || test -z "$PYTHON"], [with_python_overrides=no],
    [gmproc_version=`"$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info@<:@:2@:>@)'`
     with_python_overrides="\${prefix}/lib/python$gmproc_version/site-packages/gi/overrides"])
  AS_IF([test "$with_python_overrides" = no],
    [python_summary='left out: there is no Python with PyGObject, or no introspection'],
    [python_summary=$with_python_overrides])
  AC_SUBST([pythonoverridesdir], [$with_python_overrides])
  AM_CONDITIONAL([INSTALL_PYTHON_OVERRIDES], [test "$with_python_overrides" != no])

  AC_PATH_PROG([GJS], [gjs])
])
