#!/bin/sh
# hearthproof @VERSION@ for @OS@ @ARCH@, one file: this header, then a gzip-compressed tar archive from byte @OFFSET@ on.
# The archive is unpacked once, into $HEARTHPROOF_CACHE, $XDG_CACHE_HOME/hearthproof, $HOME/.cache/hearthproof or a
# directory of yours under ${TMPDIR:-/tmp}. Later starts only look whether all files are there.
# Needs glibc @GLIBC@ or newer; to unpack: tail, gzip, tar, sha256sum.
id='@ID@'
files='@FILES@'
whole() {
  for file in $files; do [ -s "$1/$file" ] || return 1; done
}
start() {
  # Programs that this one starts for somebody get their own DENO_DIR back.
  HEARTHPROOF_OUTER_DENO_DIR=${DENO_DIR-} DENO_DIR=$1/cache DENO_NO_UPDATE_CHECK=1
  export HEARTHPROOF_OUTER_DENO_DIR DENO_DIR DENO_NO_UPDATE_CHECK
  home=$1
  shift
  exec "$home/deno" run -A --no-prompt --no-config --no-lock --no-remote --no-npm "$home/main.js" "$@"
}
say() { echo "hearthproof: $*" >&2; }
fail() {
  say "$*"
  exit 2
}
# A temporary directory is shared with strangers: only one that is ours and that nobody else may write is trusted.
private() {
  [ -d "$1" ] && [ ! -L "$1" ] && [ -O "$1" ] || return 1
  case $(ls -ld "$1") in drwx------*) return 0 ;; esac
  return 1
}
temporary() {
  base=${TMPDIR:-/tmp}/hearthproof-$(id -u)
}

chosen=${HEARTHPROOF_CACHE-}
case $chosen in '' | /*) ;; *) chosen=$PWD/$chosen ;; esac
case ${XDG_CACHE_HOME-} in /*) cache=$XDG_CACHE_HOME/hearthproof ;; *) cache= ;; esac
set -- "$chosen" "$cache" "${HOME:+$HOME/.cache/hearthproof}" "$@"
for base in "$1" "$2" "$3"; do
  if [ -n "$base" ] && whole "$base/$id"; then
    shift 3
    start "$base/$id" "$@"
  fi
done
temporary
if private "$base" && whole "$base/$id"; then
  shift 3
  start "$base/$id" "$@"
fi

case $(uname -s) in
  @UNAME_OS@) ;;
  *) fail "this file is for @OS@, and this machine runs $(uname -s); take the file made for it" ;;
esac
case $(uname -m) in
  @UNAME_ARCH@) ;;
  *) fail "this file is for @ARCH@, and this machine is $(uname -m); take the file made for it (32-bit systems are not supported)" ;;
esac
[ -e '@LOADER@' ] ||
  fail "there is no @LOADER@ here: this file needs glibc @GLIBC@ or newer (on Alpine and other musl systems use a glibc container such as debian:stable-slim)"
for tool in tail gzip tar sha256sum; do
  command -v $tool >/dev/null 2>&1 || fail "cannot unpack: $tool is missing; install it, it is needed for the first start only"
done
[ -r "$0" ] || fail "cannot read $0, which holds the program; start it by its path, and make it readable (chmod +r)"

tried=
work=
trap '[ -z "$work" ] || rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# Unpacks below the directory $base; false, with the reason in $why, if that cannot be done there.
unpack() {
  (umask 077 && mkdir -p "$base") 2>/dev/null || { why='it cannot be made' && return 1; }
  if [ -n "$1" ] && ! private "$base"; then why='it belongs to somebody else or others may write to it' && return 1; fi
  work=$base/.unpacking-$id-$$
  rm -rf "$work" 2>/dev/null
  mkdir "$work" 2>/dev/null || { why='it cannot be written' && work= && return 1; }
  (echo '#!/bin/sh' >"$work/probe") 2>/dev/null || { why='it cannot be written' && return 1; }
  chmod 700 "$work/probe"
  "$work/probe" 2>/dev/null || { why='programs in it may not be started (noexec)' && return 1; }
  rm "$work/probe"
  tail -c +@OFFSET@ "$0" | gzip -dc 2>/dev/null | (cd "$work" && tar -xf - 2>/dev/null)
  if ! echo '@SUMS_HASH@  SHA256SUMS' | (cd "$work" && sha256sum -c >/dev/null 2>&1 && sha256sum -c SHA256SUMS >/dev/null 2>&1); then
    case $(df -P "$work" 2>/dev/null | tail -n 1) in
      *' 100% '*) why='the disk is full' && return 1 ;;
    esac
    why='what was unpacked does not have the right SHA-256: the disk is full, or this file is damaged (compare it with SHA256SUMS of the release)'
    return 1
  fi
  reason=$("$work/deno" --version 2>&1 >/dev/null) || {
    case $reason in
      *GLIBC_*) fail "this machine's glibc is too old, @GLIBC@ or newer is needed: $(echo "$reason" | head -n 1)" ;;
    esac
    fail "the unpacked runtime does not start: $(echo "$reason" | head -n 1)"
  }
  mkdir "$work/cache"
  # Files reach the disk before their name does, so that a power cut leaves the whole or nothing.
  sync "$work"/* "$work" 2>/dev/null || sync
  if [ -e "$base/$id" ] && ! whole "$base/$id"; then
    mv "$base/$id" "$work/damaged" 2>/dev/null
  fi
  if [ ! -e "$base/$id" ]; then
    # If another start wins the race, mv puts ours inside its directory, where it is removed again.
    mv "$work" "$base/$id" 2>/dev/null
    rm -rf "${base:?}/$id/${work##*/}" "${base:?}/$id/damaged"
  fi
  rm -rf "$work"
  work=
  whole "$base/$id" || { why='it cannot be written' && return 1; }
}
for base in "$1" "$2" "$3" temporary; do
  [ -n "$base" ] || continue
  own=
  if [ "$base" = temporary ]; then
    temporary
    own=yes
  fi
  if unpack "$own"; then
    trap - EXIT INT TERM HUP
    shift 3
    start "$base/$id" "$@"
  fi
  [ -z "$work" ] || rm -rf "$work"
  work=
  tried="$tried
  $base: $why"
done
fail "no directory to unpack into; set HEARTHPROOF_CACHE to one of yours that can be written and run from. Tried:$tried"
