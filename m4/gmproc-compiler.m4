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

# GMPROC_THREAD_VARIABLES
# Defines GMPROC_NEAR_THREAD.
# A library that is loaded by dlopen() looks for its variables of a thread by a call. glibc keeps room
# for a few bytes beside those of the program, which are found without one; other C libraries may
# refuse to load the library for it.
AC_DEFUN([GMPROC_THREAD_VARIABLES], [
  AC_MSG_CHECKING([for room for variables of a thread])
  AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#include <limits.h>
#ifndef __GLIBC__
#error no room
#endif
static __thread int n __attribute__ ((tls_model ("initial-exec")));
int get (void);
int get (void) { return n; }
]])],
    [gmproc_near_thread='__attribute__ ((tls_model ("initial-exec")))'; AC_MSG_RESULT([yes])],
    [gmproc_near_thread=; AC_MSG_RESULT([no])])
  AC_DEFINE_UNQUOTED([GMPROC_NEAR_THREAD], [$gmproc_near_thread],
    [Define to the attribute of a few variables of a thread that are found without a call.])
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

  # The library's calls of what it exports itself are its own ones, and those within a file need no
  # call: every check of an instance asks for the type.
  GMPROC_TRY_FLAG([-fno-semantic-interposition],
    [VISIBILITY_CFLAGS="$VISIBILITY_CFLAGS -fno-semantic-interposition"])
  AC_SUBST([VISIBILITY_CFLAGS])
])
