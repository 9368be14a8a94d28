# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors

# GMPROC_INTROSPECTION
# The scanner is looked for as a program and not with the macro of gobject-introspection, so that
# autoreconf works on a machine that does not have it.
AC_DEFUN([GMPROC_INTROSPECTION], [
  AC_ARG_ENABLE([introspection],
    [AS_HELP_STRING([--enable-introspection],
      [build the GIR and the typelib @<:@default=auto@:>@])],
    [], [enable_introspection=auto])
  AC_PATH_PROG([G_IR_SCANNER], [g-ir-scanner])
  AC_PATH_PROG([G_IR_COMPILER], [g-ir-compiler])

  introspection_missing=
  AS_IF([test -z "$G_IR_SCANNER"], [introspection_missing='g-ir-scanner is missing'],
    [test -z "$G_IR_COMPILER"], [introspection_missing='g-ir-compiler is missing'],
    [PKG_CHECK_EXISTS([gobject-introspection-1.0], [],
      [introspection_missing='gobject-introspection-1.0 is missing'])])
  # The scanner runs a program of the host, and reads a shared library.
  AS_IF([test -n "$introspection_missing"], [],
    [test "$cross_compiling" = yes], [introspection_missing='this is a cross build'],
    [test "$enable_shared" != yes], [introspection_missing='there is no shared library'])

  AS_IF([test "$enable_introspection" = no],
      [introspection_summary='no, as asked'],
    [test -z "$introspection_missing"],
      [enable_introspection=yes introspection_summary=yes],
    [test "$enable_introspection" = yes],
      [AC_MSG_ERROR([introspection was asked for, but $introspection_missing])],
      [enable_introspection=no introspection_summary="left out: $introspection_missing"])
  AM_CONDITIONAL([ENABLE_INTROSPECTION], [test "$enable_introspection" = yes])
])

# GMPROC_DOCS
# The API reference is made from the GIR, so it needs introspection too.
AC_DEFUN([GMPROC_DOCS], [
  AC_REQUIRE([GMPROC_INTROSPECTION])
  AC_ARG_ENABLE([docs],
    [AS_HELP_STRING([--enable-docs], [build the API reference @<:@default=auto@:>@])],
    [], [enable_docs=auto])
  AC_PATH_PROG([GI_DOCGEN], [gi-docgen])

  docs_missing=
  AS_IF([test -z "$GI_DOCGEN"], [docs_missing='gi-docgen is missing'],
    [test "$enable_introspection" = no], [docs_missing='it needs introspection'])

  AS_IF([test "$enable_docs" = no],
      [docs_summary='no, as asked'],
    [test -z "$docs_missing"],
      [enable_docs=yes docs_summary=yes],
    [test "$enable_docs" = yes],
      [AC_MSG_ERROR([documentation was asked for, but $docs_missing])],
      [enable_docs=no docs_summary="left out: $docs_missing"])
  AM_CONDITIONAL([ENABLE_DOCS], [test "$enable_docs" = yes])
])

# GMPROC_BENCH_PEERS
# What `make bench` measures beside the library, as far as it is there. Nothing of it is needed to
# build, and the C++ compiler is for one peer only.
AC_DEFUN([GMPROC_BENCH_PEERS], [
  AC_PATH_PROG([PYTHON3], [python3])
  AC_PATH_PROG([GNUPLOT], [gnuplot])

  PKG_CHECK_MODULES([ZMQ], [libzmq], [have_zmq=yes], [have_zmq=no])
  gmproc_bench_LIBS=$LIBS
  AC_CHECK_HEADER([nng/nng.h], [AC_CHECK_LIB([nng], [nng_push0_open], [have_nng=yes], [have_nng=no])],
    [have_nng=no])
  AC_CHECK_HEADER([mqueue.h],
    [AC_SEARCH_LIBS([mq_open], [rt],
      [have_mq=yes; AS_CASE([$ac_cv_search_mq_open], [-l*], [MQ_LIBS=$ac_cv_search_mq_open])],
      [have_mq=no])],
    [have_mq=no])
  LIBS=$gmproc_bench_LIBS
  AC_SUBST([MQ_LIBS])

  AC_CHECK_TOOLS([CXX], [g++ c++ clang++], [])
  have_boost=no
  AS_IF([test -n "$CXX"],
    [AC_MSG_CHECKING([for boost/interprocess])
     AS_IF([echo '#include <boost/interprocess/ipc/message_queue.hpp>' \
         | $CXX $CXXFLAGS -E -x c++ - > conftest.out 2>&AS_MESSAGE_LOG_FD], [have_boost=yes])
     rm -f conftest.out
     AC_MSG_RESULT([$have_boost])])
  AC_ARG_VAR([CXX], [C++ compiler, for one peer of make bench])
  AC_SUBST([CXXFLAGS], [${CXXFLAGS--O2}])

  AM_CONDITIONAL([HAVE_BOOST], [test "$have_boost" = yes])
  AM_CONDITIONAL([HAVE_MQ], [test "$have_mq" = yes])
  AM_CONDITIONAL([HAVE_NNG], [test "$have_nng" = yes])
  AM_CONDITIONAL([HAVE_ZMQ], [test "$have_zmq" = yes])
])
