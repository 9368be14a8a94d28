# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors

# GMPROC_TRY_FLAG(FLAG, IF-ACCEPTED, [IF-REFUSED])
# Clang only warns about a warning flag that it does not know, so the probe runs with -Werror,
# and GCC refuses some that only refine -Wall when that is missing.
AC_DEFUN([GMPROC_TRY_FLAG], [
  AC_MSG_CHECKING([whether $CC accepts $1])
  gmproc_save_CFLAGS=$CFLAGS
  CFLAGS="-Wall -Werror $1"
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
    [gmproc_flag_accepted=yes], [gmproc_flag_accepted=no])
  CFLAGS=$gmproc_save_CFLAGS
  AC_MSG_RESULT([$gmproc_flag_accepted])
  AS_IF([test "$gmproc_flag_accepted" = yes], [$2], [$3])
])

# GMPROC_C_STANDARD
# The sources are written in GNU C11. A compiler whose default is newer keeps its default.
AC_DEFUN([GMPROC_C_STANDARD], [
  AC_MSG_CHECKING([for GNU C11 or later])
  gmproc_c_standard=none
  gmproc_save_CFLAGS=$CFLAGS
  for gmproc_flag in '' -std=gnu11; do
    CFLAGS="$gmproc_save_CFLAGS $gmproc_flag"
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#if __STDC_VERSION__ < 201112L
#error too old
#endif
#include <stdatomic.h>
_Static_assert (sizeof (atomic_uint) == sizeof (unsigned), "layout");
static __typeof__ (0) n;
int get (void);
int get (void) { return n; }
]])], [gmproc_c_standard="${gmproc_flag:-its default C standard}"; break])
  done
  AS_IF([test "$gmproc_flag" = ''], [CFLAGS=$gmproc_save_CFLAGS])
  AC_MSG_RESULT([$gmproc_c_standard])
  AS_IF([test "$gmproc_c_standard" = none],
    [AC_MSG_ERROR([the compiler $CC does not support GNU C11])])
])

# GMPROC_WARNINGS(AS-ERRORS)
# Sets WARNING_CFLAGS. They stay out of CFLAGS, which belongs to the user.
AC_DEFUN([GMPROC_WARNINGS], [
  WARNING_CFLAGS=
  m4_foreach_w([flag], [
      -Wall
      -Wextra
      -Wshadow
      -Wmissing-prototypes
      -Wstrict-prototypes
      -Wold-style-definition
      -Wpointer-arith
      -Wformat-security
      -Wvla
    ],
    [GMPROC_TRY_FLAG(flag, [WARNING_CFLAGS="$WARNING_CFLAGS flag"])])
  AS_IF([test "$1" = yes], [WARNING_CFLAGS="$WARNING_CFLAGS -Werror"])
  AC_SUBST([WARNING_CFLAGS])

  # Everything is hidden except what gmproc-visibility.h exports.
  VISIBILITY_CFLAGS=
  GMPROC_TRY_FLAG([-fvisibility=hidden], [VISIBILITY_CFLAGS=-fvisibility=hidden])
  AC_SUBST([VISIBILITY_CFLAGS])
])
