#!/usr/bin/env bash
# Smoke test of a built file: .ci/smoke.sh dist/hearthproof-linux-x64
# Runs it from an empty directory, as an ordinary user, without network and with HOME unset, where this machine allows
# that (the second line says what was possible). Ends with one line of counts.
set -uo pipefail
file=$(realpath "${1:?usage: .ci/smoke.sh FILE}")
root=$(realpath "$(dirname "$0")/..")
readonly nobody=65534 seed=7 origin=2026-01-01T00:00:00Z
passed=0
failed=0
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
chmod 755 "$place"
mkdir -m 1777 "$place/empty" "$place/tmp"
cp "$file" "$place/hearthproof"
chmod 755 "$place/hearthproof"

step() {
  local name=$1 started=$SECONDS
  shift
  echo "== smoke: $name"
  if "$@" >"$place/log" 2>&1; then
    passed=$((passed + 1))
    echo "   ok, $((SECONDS - started)) s"
  else
    failed=$((failed + 1))
    tail -n 30 "$place/log"
    echo "FAILED: smoke: $name"
  fi
}

# How to start something without network and as an ordinary user.
without_network=()
as_user=()
if [ "$(id -u)" = 0 ] && setpriv --reuid=$nobody --regid=$nobody --clear-groups true 2>/dev/null; then
  as_user=(setpriv --reuid="$nobody" --regid="$nobody" --clear-groups)
fi
for namespace in -n -rn; do
  # shellcheck disable=SC2016
  if unshare "$namespace" sh -c 'ip link set lo up' 2>/dev/null; then
    without_network=(unshare "$namespace" sh -c 'ip link set lo up && exec "$@"' sh)
    break
  fi
done
echo "== smoke: $(basename "$file"): user $("${as_user[@]}" id -u), network $([ ${#without_network[@]} -gt 0 ] && echo cut off || echo 'NOT cut off: unshare and ip cannot do it here'), HOME unset"

inside() {
  (cd "$place/empty" && timeout -s KILL 150 "${without_network[@]}" "${as_user[@]}" \
    env -i PATH="$PATH" NO_COLOR=1 TMPDIR="$place/tmp" "$@")
}
program() { inside "$place/hearthproof" "$@"; }

version() { program version --json | grep -q '"commit"'; }
first_contact() { program | grep 'hearthproof run'; }
run_all() {
  program run --parallel 8 --seed $seed --time-origin $origin --output-dir from-file && inside test -s from-file/report.html
}
like_source() {
  (cd "$root" && timeout -s KILL 150 npx -y deno@2.9.5 task run run --parallel 8 --seed $seed --time-origin $origin \
    --output-dir "$place/from-source") || return 1
  node -e '
    const { readFileSync } = require("node:fs");
    const [a, b] = process.argv.slice(1).map((path) => JSON.parse(readFileSync(path, "utf8")));
    // Durations differ, with them the transcript that holds times, and with it the signatures over it.
    const plain = (report) => JSON.stringify(report, (key, value) =>
      ["duration_ms", "signature", "transcript_digest"].includes(key) ? null : value);
    if (a.cases.length < 100) throw new Error("only " + a.cases.length + " cases were run");
    if (plain(a) === plain(b)) process.exit(0);
    const other = new Map(b.cases.map((one) => [one.id, one.outcome]));
    for (const { id, outcome } of a.cases) if (other.get(id) !== outcome) console.log(id, outcome, other.get(id));
    throw new Error("the reports differ");
  ' "$place/empty/from-file/report.json" "$place/from-source/report.json"
}
recheck() { program report recheck from-file; }
soak() {
  program soak --duration 10s --output-dir soak
  # Ten seconds are too few for a verdict of drift: inconclusive is the right answer, and a report is there.
  local code=$?
  { [ $code -eq 0 ] || [ $code -eq 3 ]; } && inside grep -q '"hearthproof.soak/1"' soak/soak-report.json
}
differ() {
  program diff --right embedded:manifest-ttl-300 --steps 60 --seed $seed --output-dir diff
  [ $? -eq 1 ] && inside grep -q '"different"' diff/diff-report.json
}
selftest() { program selftest --suite-filter 'core/kb/*' --sample 12 --parallel 8; }
bad_option() {
  program run --no-such-option
  [ $? -eq 2 ]
}
noexec() {
  # shellcheck disable=SC2016
  unshare -m sh -c '
    mkdir "$1/noexec" && mount -t tmpfs -o noexec,mode=1777 tmpfs "$1/noexec" || exit 1
    text=$(env -i PATH="$PATH" TMPDIR="$1/noexec" "$1/hearthproof" version 2>&1)
    [ $? -eq 2 ] && echo "$text" | grep -q noexec && echo "$text" | grep -q HEARTHPROOF_CACHE' sh "$place"
}
two_at_once() {
  # Elsewhere than all before it, so that there is nothing to be found.
  mkdir -m 1777 "$place/two" "$place/two/tmp" "$place/two/cache" || return 1
  local first second code=0
  inside env TMPDIR="$place/two/tmp" HEARTHPROOF_CACHE="$place/two/cache" "$place/hearthproof" version &
  first=$!
  inside env TMPDIR="$place/two/tmp" HEARTHPROOF_CACHE="$place/two/cache" "$place/hearthproof" version &
  second=$!
  wait $first || code=$?
  wait $second || code=$?
  ls -A "$place/two/cache"
  [ $code -eq 0 ] && [ "$(find "$place/two/cache" -mindepth 1 -maxdepth 1 | wc -l)" = 1 ]
}

step "version" version
step "first contact" first_contact
step "an unknown option is a usage error" bad_option
step "run" run_all
step "the report of the file is the report of the source" like_source
step "recheck from the transcript" recheck
step "soak of 10 s" soak
step "diff against a fault" differ
step "selftest of one section" selftest
step "two first starts at once" two_at_once
if [ "$(head -c 2 "$file")" = '#!' ] && [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
  step "a temporary directory without exec" noexec
fi
echo "smoke of $(basename "$file"): $passed passed, $failed failed"
[ "$failed" -eq 0 ]
