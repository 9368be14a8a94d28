#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The libgmproc authors
#
# Builds a sysroot for cross-compiling GLib/GIO programs to 64-bit Windows
# with mingw-w64, and for running them under Wine, out of Debian 12 packages
# alone: the tools from binary packages, the libraries from source packages.
#
#   build-sysroot.sh [PREFIX]            (default /opt/mingw-sysroot)
#
# The prefix gets zlib, libffi, PCRE2, libintl and GLib as DLLs with import
# libraries, headers and pkg-config files, and these of its own:
#
#   bin/wine-run             runs a program under Wine with the prefix's DLLs
#   share/mingw-sysroot/cross.ini    a cross file for Meson
#   share/mingw-sysroot/config.site  a site file for Autoconf's configure
#   share/mingw-sysroot/manifest     versions of what went in
#   build.log
#
# Needs root where a package is missing.  A complete prefix is left as it is.
#
#   JOBS=n    parallel jobs (default: the number of processors)
#   KEEP=1    keep the build directory

set -euo pipefail

PREFIX=${1:-/opt/mingw-sysroot}
JOBS=${JOBS:-$(nproc)}
RECIPE=2                        # raise when the result changes

HOST=x86_64-w64-mingw32
BUILD=x86_64-pc-linux-gnu
MINGW_LIB=/usr/$HOST            # Debian's mingw-w64 target libraries

# To build the sysroot and run what it makes.  Without its preloader Wine has
# to map fixed addresses (0x7ffe0000 and the page behind) where the kernel may
# have put the heap of the process: one start in some 7700 fails.
PACKAGES=(
  gcc-mingw-w64-x86-64-win32 libz-mingw-w64-dev mingw-w64-tools
  wine wine64 wine64-preloader
  make meson ninja-build pkg-config python3
  dpkg-dev patch xz-utils
)
# For the Autotools projects that use it.
PACKAGES+=(autoconf automake libtool)

PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
unset DISPLAY WAYLAND_DISPLAY CFLAGS CPPFLAGS LDFLAGS CC MAKEFLAGS \
      PKG_CONFIG_PATH PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR

die () { echo "build-sysroot: $*" >&2; exit 1; }

case $PREFIX in
  /?*) ;;
  *) die "the prefix must be an absolute path: $PREFIX" ;;
esac
[[ $PREFIX =~ ^[A-Za-z0-9_/.+-]+$ ]] || die "the prefix has characters that the build does not take: $PREFIX"
command -v apt-get >/dev/null || die "this recipe is for Debian 12"

# Tools first: a prefix kept from elsewhere is of no use without them.

missing=()
for p in "${PACKAGES[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
done
MARK=$PREFIX/share/mingw-sysroot/recipe
STAMP=$PREFIX/share/mingw-sysroot/complete
if [ ${#missing[@]} -eq 0 ] && [ "$(cat "$STAMP" 2>/dev/null)" = "$RECIPE $PREFIX" ]; then
  echo "build-sysroot: $PREFIX is complete"
  exit 0
fi

# Only a prefix that this script made is ever emptied.
if [ ! -e "$MARK" ] && [ -n "$(ls -A "$PREFIX" 2>/dev/null)" ]; then
  die "$PREFIX is not empty, and not a sysroot of this script's"
fi

SECONDS=0
WORK=$(mktemp -d "${TMPDIR:-/var/tmp}/mingw-sysroot.XXXXXX")
LOG=$WORK/build.log
CURRENT=start
finish () {
  local rc=$?
  if [ $rc -ne 0 ]; then
    echo "build-sysroot: failed in \"$CURRENT\" after $SECONDS s; the log is $LOG" >&2
    tail -n 25 "$LOG" >&2 || :
  elif [ -z "${KEEP-}" ]; then
    rm -rf "$WORK"
  fi
}
trap finish EXIT

# step NAME COMMAND...: runs a function with its output in the log.  It is not
# run in a condition, so that errexit holds inside it.
step () {
  local t=$SECONDS
  CURRENT=$1
  printf '%-34s' "$1" >&3
  echo "=== $1" >>"$LOG"
  shift
  "$@" >>"$LOG" 2>&1 </dev/null
  echo " $((SECONDS - t)) s" >&3
}
exec 3>&1

apt_packages () {
  local o=(-y -q --no-install-recommends -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
  [ "$(id -u)" = 0 ] || { echo "not root; missing: ${missing[*]}"; return 1; }
  apt-get -q -o DPkg::Lock::Timeout=300 update
  apt-get "${o[@]}" install "${missing[@]}"
}
if [ ${#missing[@]} -gt 0 ]; then
  step "packages (${#missing[@]} missing)" apt_packages
fi

if [ "$(cat "$STAMP" 2>/dev/null)" = "$RECIPE $PREFIX" ]; then
  echo "build-sysroot: $PREFIX is complete; packages installed, $SECONDS s in all"
  exit 0
fi

if [ -e "$MARK" ]; then
  rm -rf "${PREFIX:?}"/{bin,etc,include,lib,share,build.log}
fi
mkdir -p "$PREFIX"/{bin,include,lib/pkgconfig,share/mingw-sysroot}
echo "$RECIPE" >"$MARK"

# Sources: through a copy of the machine's apt sources with deb-src in place
# of deb, in the work directory, so that its own configuration stays as it is.

APT=(-q -o Dir::Etc::SourceList="$WORK/apt/sources.list"
     -o Dir::Etc::SourceParts="$WORK/apt/sources.list.d"
     -o Dir::State::Lists="$WORK/apt/lists"
     -o APT::Sandbox::User=root -o Acquire::Retries=3)
NAMES=(libffi pcre2 gettext glib2.0)

fetch_sources () {
  local f name v versions got
  mkdir -p "$WORK"/apt/{sources.list.d,lists/partial} "$WORK/src"
  : >"$WORK/apt/sources.list"
  for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$f" ] || continue
    sed -nE 's/^[[:space:]]*deb[[:space:]]+/deb-src /p' "$f" >>"$WORK/apt/sources.list"
  done
  for f in /etc/apt/sources.list.d/*.sources; do
    [ -f "$f" ] || continue
    sed -E 's/^Types:.*/Types: deb-src/I' "$f" >"$WORK/apt/sources.list.d/${f##*/}"
  done
  # A source that fails is no failure yet: what matters is what can be had.
  apt-get "${APT[@]}" update || :
  cd "$WORK/src"
  : >"$WORK/manifest"
  for name in "${NAMES[@]}"; do
    # The newest version whose files are all there: a mirror of the security
    # archive may list a version and no longer hold it.
    versions=$(apt-cache "${APT[@]}" --only-source showsrc "$name" |
               sed -n 's/^Version: //p' | sort -rVu)
    got=
    for v in $versions; do
      if apt-get "${APT[@]}" --only-source source "$name=$v"; then
        got=$v
        break
      fi
    done
    [ -n "$got" ] || { echo "no source of $name"; return 1; }
    echo "$name $got (source)" >>"$WORK/manifest"
    mv "$(find . -mindepth 1 -maxdepth 1 -type d -name "$name-[0-9]*")" "$WORK/$name"
  done
  # Debian's patches leave newer inputs beside older generated files; equal
  # times keep make from wanting to regenerate them.
  for name in libffi pcre2 gettext; do
    find "$WORK/$name" -type f -exec touch -d @1700000000 {} +
  done
}
step sources fetch_sources

configure () {
  local name=$1 dir=$2
  shift 2
  mkdir -p "$WORK/build-$name"
  cd "$WORK/build-$name"
  "$WORK/$dir/configure" -q --build=$BUILD --host=$HOST --prefix="$PREFIX" \
    --disable-dependency-tracking --disable-static --enable-shared CFLAGS=-O2 "$@"
}

build_libffi () {
  configure libffi libffi --disable-docs --disable-multi-os-directory
  make -s -j"$JOBS"
  make -s install
}

build_pcre2 () {
  configure pcre2 pcre2
  make -s -j"$JOBS" libpcre2-8.la
  make -s install-libLTLIBRARIES install-nodist_includeHEADERS install-pkgconfigDATA
  find "$PREFIX" -name '*pcre2-posix*' -delete
}

# GLib for Windows always needs a libintl; gettext's run-time library alone.
build_libintl () {
  configure libintl gettext/gettext-runtime --enable-threads=windows \
    --with-included-gettext --without-libiconv-prefix --disable-libasprintf \
    --disable-java --disable-csharp --disable-c++ --disable-openmp --disable-curses
  make -s -C intl -j"$JOBS"
  make -s -C intl install
}

# The libraries that GLib needs; configure being serial, in two lines.
build_dependencies () {
  local a rc=0
  (set -e; build_libintl) >"$WORK/libintl.log" 2>&1 &
  a=$!
  build_libffi
  build_pcre2
  wait $a || rc=$?
  cat "$WORK/libintl.log"
  [ $rc = 0 ]
}
step "libffi, PCRE2, libintl" build_dependencies

# zlib and the compiler's run-time come built.  The copies make the prefix
# self-contained: one pkg-config directory, one directory of DLLs.
copy_prebuilt () {
  local d p
  cp "$MINGW_LIB"/include/{zlib,zconf}.h "$PREFIX/include/"
  cp "$MINGW_LIB/lib/libz.dll.a" "$PREFIX/lib/"
  cp "$MINGW_LIB/lib/zlib1.dll" "$PREFIX/bin/"
  cat >"$PREFIX/lib/pkgconfig/zlib.pc" <<E
prefix=\${pcfiledir}/../..
libdir=\${prefix}/lib
includedir=\${prefix}/include

Name: zlib
Description: zlib compression library
Version: $(sed -n 's/^Version: *//p' "$MINGW_LIB/lib/pkgconfig/zlib.pc")
Libs: -L\${libdir} -lz
Cflags: -I\${includedir}
E
  for d in libgcc_s_seh-1 libssp-0 libwinpthread-1; do
    p=$($HOST-gcc -print-file-name=$d.dll)
    [ -f "$p" ] || p=$MINGW_LIB/lib/$d.dll
    cp "$p" "$PREFIX/bin/"
  done
  for p in "$PREFIX"/lib/pkgconfig/{libffi,libpcre2-8}.pc; do
    sed -i -e 's,^prefix=.*,prefix=${pcfiledir}/../..,' -e "s,=$PREFIX/,=\${prefix}/," "$p"
  done
  for d in gcc-mingw-w64-x86-64-win32 mingw-w64-x86-64-dev libz-mingw-w64 wine64; do
    dpkg-query -W -f '${Package} ${Version} (binary)\n' $d
  done >>"$WORK/manifest"
}
step "zlib, compiler run-time" copy_prebuilt

write_files () {
  local s=$PREFIX/share/mingw-sysroot
  cp "$WORK/manifest" "$s/manifest"
  cat >"$s/cross.ini" <<E
[constants]
prefix = '$PREFIX'
host = '$HOST'

[binaries]
c = host + '-gcc'
ar = host + '-ar'
strip = host + '-strip'
windres = host + '-windres'
dlltool = host + '-dlltool'
pkgconfig = 'pkg-config'

[built-in options]
c_args = ['-I' + prefix / 'include']
c_link_args = ['-L' + prefix / 'lib']

[properties]
needs_exe_wrapper = true
pkg_config_libdir = [prefix / 'lib/pkgconfig']

[host_machine]
system = 'windows'
cpu_family = 'x86_64'
cpu = 'x86_64'
endian = 'little'
E
  cat >"$s/config.site" <<E
# CONFIG_SITE=$s/config.site ./configure --build=$BUILD --host=$HOST
CPPFLAGS="\${CPPFLAGS-} -I$PREFIX/include"
LDFLAGS="\${LDFLAGS-} -L$PREFIX/lib"
PKG_CONFIG_LIBDIR=$PREFIX/lib/pkgconfig
PKG_CONFIG=pkg-config
export PKG_CONFIG_LIBDIR
E
  cat >"$PREFIX/bin/wine-run" <<'E'
#!/bin/bash
# wine-run PROGRAM [ARGUMENT...]: runs a Windows program, or a test of an
# Autotools build (LOG_COMPILER=.../bin/wine-run), under Wine without display.
#
#   WINEPREFIX   Wine's state; shared by all runs, made here by the first
#                (default: a folder of the user's under TMPDIR; about 700 MB)
#   WINEPATH     further folders of DLLs, in Windows' form, before the sysroot's
#   WINE_RUN_LF  where set, lines on stdout end in LF (msvcrt's text mode gives
#                CR LF, which Automake's TAP driver does not take)
#
# A program that libtool built is run from its .libs, past libtool's wrapper,
# and finds the DLLs in the .libs of the current directory and of its lib, of
# the program's and of the one above it.
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd) || exit 127
: "${WINEPREFIX:=${TMPDIR:-/tmp}/mingw-sysroot-wine-$(id -u)}" "${WINEDEBUG:=-all}"
export WINEPREFIX WINEDEBUG
export WINEDLLOVERRIDES="mscoree,mshtml=;${WINEDLLOVERRIDES-}"
unset DISPLAY WAYLAND_DISPLAY
wine=/usr/lib/wine/wine64
[ -x $wine ] || wine=$(command -v wine64 || command -v wine) || { echo "wine-run: no Wine" >&2; exit 127; }

# Wine does not bear several first runs at once on a prefix to be made.
if [ ! -e "$WINEPREFIX/.ready" ]; then
  mkdir -p "$WINEPREFIX" || exit 127
  (
    flock 9
    [ -e "$WINEPREFIX/.ready" ] && exit 0
    # The server outlives the run: it must not hold the lock or the output.
    $wine wineboot -i </dev/null >/dev/null 2>&1 9>&- && touch "$WINEPREFIX/.ready"
  ) 9>>"$WINEPREFIX/.lock" || { echo "wine-run: cannot set up $WINEPREFIX" >&2; exit 127; }
fi

[ $# -gt 0 ] || { echo "usage: wine-run PROGRAM [ARGUMENT...]" >&2; exit 127; }
program=$1
shift
directory=$(dirname "$program")
if [ -f "$directory/.libs/$(basename "$program")" ]; then
  program=$directory/.libs/$(basename "$program")
fi

path=${WINEPATH-}
for d in "$PWD/.libs" "$PWD/lib/.libs" "$directory/.libs" "$directory/../.libs" "$here"; do
  d=$(cd "$d" 2>/dev/null && pwd) || continue
  d="Z:${d//\//\\}"
  case ";$path;" in
    *";$d;"*) ;;
    *) path="${path:+$path;}$d" ;;
  esac
done
export WINEPATH=$path
if [ -n "${WINE_RUN_LF-}" ]; then
  set -o pipefail
  $wine "$program" "$@" | sed -u 's/\r$//'
  exit
fi
exec $wine "$program" "$@"
E
  chmod +x "$PREFIX/bin/wine-run"
}
step "cross files, wine-run" write_files

build_glib () {
  cd "$WORK"
  # Programs for fuzzing are built whatever the options say.
  sed -i "/^subdir('fuzzing')/d" glib2.0/meson.build
  meson setup build-glib glib2.0 --cross-file "$PREFIX/share/mingw-sysroot/cross.ini" \
    --prefix "$PREFIX" --libdir lib --buildtype release --optimization 2 --default-library shared \
    --wrap-mode nodownload -Dpkgconfig.relocatable=true \
    -Dtests=false -Dinstalled_tests=false -Dnls=disabled -Dman=false -Dgtk_doc=false \
    -Dlibelf=disabled -Dglib_debug=disabled -Dglib_assert=true -Dglib_checks=true
  ninja -C build-glib -j"$JOBS"
  meson install -C build-glib --no-rebuild --strip
}
step GLib build_glib

# Static records of libtool's name the prefix, and bring nothing on Windows.
tidy () {
  find "$PREFIX/lib" -name '*.la' -delete
  $HOST-strip --strip-unneeded "$PREFIX"/bin/*.dll
  rm -rf "$PREFIX"/share/{man,doc,bash-completion,locale/locale.alias}
  find "$PREFIX/share" -type d -empty -delete
}
step tidy tidy

# What was built has to work: GIO, and a child of a program's through GLib's
# spawn helper, its two pipes and its exit code.
check () {
  local out t=$WORK/check
  mkdir -p "$t"
  cd "$t"
  cat >check.c <<'E'
#include <gio/gio.h>
#include <libintl.h>
#include <stdio.h>
#include <string.h>
#include <windows.h>

int
main (int argc, char **argv)
{
  wchar_t w[MAX_PATH + 1] = { 0 };
  char *self, *out = NULL;
  GError *error = NULL;
  GSubprocess *child;

  if (argc > 1)
    {
      char line[64] = "";
      if (fgets (line, sizeof line, stdin) == NULL)
        return 1;
      fputs (line, stdout);
      return 7;
    }
  GetModuleFileNameW (NULL, w, MAX_PATH);
  self = g_utf16_to_utf8 (w, -1, NULL, NULL, NULL);
  child = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                            &error, self, "child", NULL);
  if (child == NULL || !g_subprocess_communicate_utf8 (child, "through\n", NULL, &out, NULL, &error))
    g_error ("%s", error->message);
  if (g_subprocess_get_exit_status (child) != 7 || strcmp (out, "through\n") != 0)
    g_error ("child gave \"%s\" and %d", out, g_subprocess_get_exit_status (child));
  if (!g_regex_match_simple ("^\\d+$", "12", 0, 0))
    g_error ("regex");
  printf ("GLib %u.%u.%u %s", glib_major_version, glib_minor_version, glib_micro_version, gettext ("works"));
  return 0;
}
E
  export PKG_CONFIG_LIBDIR=$PREFIX/lib/pkgconfig
  # shellcheck disable=SC2046
  $HOST-gcc -O2 -o check.exe check.c $(pkg-config --cflags --libs gio-2.0)
  export WINEPREFIX=$t/wine
  out=$("$PREFIX/bin/wine-run" check.exe)
  /usr/lib/wine/wineserver64 -k || :
  echo "$out"
  case $out in
    "GLib 2."*" works") ;;
    *) return 1 ;;
  esac
  echo "$out under $(/usr/lib/wine/wine64 --version)" >"$WORK/result"
}
step "check under Wine" check

cp "$LOG" "$PREFIX/build.log"
echo "$RECIPE $PREFIX" >"$STAMP"
echo "build-sysroot: $(cat "$WORK/result"); $PREFIX is complete," \
     "$(du -sm "$PREFIX" | cut -f1) MB, $SECONDS s in all"
