#!/usr/bin/env bash
# Looks into a portable file that this machine may not be able to start: .ci/structure.sh FILE MACHINE
# MACHINE is what the ELF header of the runtime must name: 62 for x64, 183 for arm64. Where qemu-aarch64-static and
# Debian's libc6-arm64-cross are installed, an arm64 file is started as well. Ends with one line of counts.
set -uo pipefail
file=$(realpath "${1:?usage: .ci/structure.sh FILE MACHINE}")
machine=${2:?usage: .ci/structure.sh FILE MACHINE}
readonly limit=45000000 machine_at=18 sysroot=/usr/aarch64-linux-gnu
passed=0
failed=0
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

step() {
  local name=$1
  shift
  echo "== structure: $name"
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: structure: $name"; fi
}

offset() { head -c 16384 "$file" | sed -n 's/.*tail -c +\([0-9]*\) .*/\1/p' | head -n 1; }
small() { [ "$(stat -c %s "$file")" -lt "$limit" ]; }
header() { head -c $(($(offset) - 1)) "$file" >"$place/header" && sh -n "$place/header" && head -n 1 "$place/header" | grep -qx '#!/bin/sh'; }
unpacked() { mkdir "$place/files" && tail -c +"$(offset)" "$file" | gzip -dc | tar -xf - -C "$place/files"; }
sums() {
  local hash
  hash=$(sha256sum "$place/files/SHA256SUMS" | cut -d ' ' -f 1)
  grep -q "$hash" "$place/header" && (cd "$place/files" && sha256sum -c --quiet SHA256SUMS)
}
complete() {
  local name
  for name in $(sed -n "s/^files='\(.*\)'$/\1/p" "$place/header"); do [ -s "$place/files/$name" ] || return 1; done
  [ "$(find "$place/files" -type f | wc -l)" = "$(($(wc -l <"$place/files/SHA256SUMS") + 1))" ]
}
elf() {
  [ "$(od -An -c -N 4 "$place/files/deno" | tr -d ' ')" = '177ELF' ] &&
    [ "$(od -An -t u2 -j $machine_at -N 2 "$place/files/deno" | tr -d ' ')" = "$machine" ]
}
emulated() {
  DENO_DIR="$place/cache" DENO_NO_UPDATE_CHECK=1 timeout -s KILL 120 qemu-aarch64-static -L $sysroot \
    "$place/files/deno" run -A --no-prompt --no-config --no-lock --no-remote --no-npm "$place/files/main.js" version
}

step "smaller than 45 MB" small
step "the header is a shell script" header
step "the archive unpacks" unpacked
step "every hash is right, and the header knows them" sums
step "the header lists every file" complete
step "the runtime is made for machine $machine" elf
if [ "$machine" = 183 ] && command -v qemu-aarch64-static >/dev/null && [ -d $sysroot ]; then
  step "it starts under user-mode emulation" emulated
fi
echo "structure of $(basename "$file"): $passed passed, $failed failed"
[ "$failed" -eq 0 ]
