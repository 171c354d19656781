#!/usr/bin/env bash
# Proves the container target: makes an image of the reference node from Deno's own binary and this tree, and runs,
# breaks, restarts, soaks and kills it. Installs podman and runc where apt can. Ends with one line of counts.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

export NO_COLOR=1
readonly deno_version=2.9.5 image=hearthproof-node:ci
place=$(mktemp -d)
passed=0
failed=0

deno() { npx -y "deno@$deno_version" "$@"; }
# Storage of its own, and nothing that needs a mounted overlay, systemd or a network of its own.
global=(--root "$place/storage" --runroot "$place/run" --storage-driver=vfs --runtime runc --cgroup-manager=cgroupfs)
podman() { command podman "${global[@]}" "$@"; }
limits=(--container-arg=--ulimit=nofile=20000:20000 --container-arg=--ulimit=nproc=1000:1000)
hearthproof() {
  local command=$1
  shift
  timeout -s KILL 170 "$runtime" run -A --no-prompt main.ts "$command" --target "${target:-docker:$image}" \
    --container-engine "podman ${global[*]}" "${limits[@]}" "${network[@]}" "$@"
}
network=(--container-arg=--network=host)

step() {
  local name=$1 started=$SECONDS
  shift
  echo "== container: $name"
  if "$@" >"$place/log" 2>&1; then
    passed=$((passed + 1))
    echo "   ok, $((SECONDS - started)) s"
  else
    failed=$((failed + 1))
    tail -n 30 "$place/log"
    echo "FAILED: container: $name"
  fi
}

finish() {
  podman rm --all --force --volumes >/dev/null 2>&1
  podman rmi --all --force >/dev/null 2>&1
  rm -rf "$place"
}
trap finish EXIT

engine() {
  if ! command -v podman || ! command -v runc; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends podman runc
  fi
  podman --version && runc --version
}

# The runtime, the libraries it is linked with, a shell for the entry point, and the program.
make_image() {
  local root=$place/rootfs library
  mkdir -p "$root"/{bin,app,data,etc,proc,sys,dev} && mkdir -m 1777 "$root/tmp" || return 1
  cp "$runtime" "$root/bin/deno" && cp "$(realpath /bin/sh)" "$root/bin/sh" || return 1
  for library in $(ldd "$root/bin/deno" "$root/bin/sh" | grep -oE '/[^ :]+\.so[^ :]*' | sort -u); do
    mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library" || return 1
  done
  "$runtime" bundle --quiet --frozen --minify --keep-names --code-splitting --outdir "$root/app" main.ts || return 1
  # shellcheck disable=SC2016
  local entry='exec /bin/deno run -A --no-prompt /app/main.js node --host "$HEARTHNET_HOST" --port "$HEARTHNET_PORT" --data "$HEARTHNET_DATA" "$@"'
  tar -C "$root" -cf - . | podman import --change "ENTRYPOINT $(json /bin/sh -c "$entry" node)" - "$image"
}
# Words as a JSON array.
json() { "$runtime" eval 'console.log(JSON.stringify(Deno.args))' -- "$@"; }

field() { "$runtime" eval 'const [file, path] = Deno.args; console.log(path.split(".").reduce((v, k) => v?.[k], JSON.parse(Deno.readTextFileSync(file))))' -- "$@"; }

readonly sections=(--suite-filter='core/identity/*' --suite-filter='core/events/*' --suite-filter='core/files/*'
  --suite-filter='services/*')
run_some() {
  hearthproof run "${sections[@]}" --parallel 4 --output-dir "$place/run-report" || return 1
  [ "$(field "$place/run-report/report.json" sections.core/identity.passed)" -gt 60 ] &&
    [ "$(field "$place/run-report/report.json" sections.core/files.passed)" -gt 40 ]
}
recheck() { timeout -s KILL 170 "$runtime" run -A main.ts report recheck "$place/run-report"; }
published() {
  local network=()
  hearthproof run --suite-filter 'core/identity/*' --output-dir "$place/published"
}
broken() {
  target="docker:$image --fault manifest-ttl-300" hearthproof run --suite-filter 'core/identity/*' \
    --output-dir "$place/broken" >"$place/broken.log"
  local code=$?
  cat "$place/broken.log"
  [ $code -eq 1 ] && grep -q 'FAILED IDN-016 core/identity/manifest-lifetime' "$place/broken.log"
}
operability() {
  echo 'log_files: ["{data}/logs/node.log", "{data}/logs/node.1.log"]' >"$place/adapter.yaml"
  hearthproof run --suite-filter 'operability/*' --parallel 4 --adapter "$place/adapter.yaml" \
    --output-dir "$place/operability" &&
    [ "$(field "$place/operability/report.json" sections.operability/shutdown_clean.failed)" = 0 ] &&
    [ "$(field "$place/operability/report.json" sections.operability/shutdown_clean.passed)" -gt 8 ]
}
# Too short to judge drift of memory: 3 is what it must say, with every event accounted for.
soak() {
  hearthproof soak --duration 20s --rate 20/s --kill-at 6s --restart-at 12s --seed 5 --output-dir "$place/soak"
  local code=$?
  { [ $code -eq 0 ] || [ $code -eq 3 ]; } && [ "$(field "$place/soak/soak-report.json" events.lost)" = 0 ] &&
    [ "$(field "$place/soak/soak-report.json" events.duplicated)" = 0 ] &&
    [ "$(field "$place/soak/soak-report.json" events.acknowledged)" -gt 50 ] &&
    grep -q '"memory.cgroup"' "$place/soak/soak-report.json"
}

nothing_left() {
  for _ in $(seq 60); do
    [ -z "$(podman ps --all --quiet)$(podman volume ls --quiet)" ] && return 0
    sleep 0.5
  done
  podman ps --all
  podman volume ls
  return 1
}
# Starts a run, waits until its container is there, sends a signal.
interrupted() {
  local signal=$1
  hearthproof run --skip-operability --output-dir "$place/interrupted" &
  local job=$! tester=
  for _ in $(seq 120); do
    [ -n "$(podman ps --all --quiet)" ] && tester=$(pgrep -P "$job" -x deno || pgrep -P "$(pgrep -P "$job" -x timeout)" -x deno)
    [ -n "$tester" ] && break
    sleep 0.25
  done
  [ -n "$tester" ] && kill "-$signal" "$tester"
  wait "$job"
  [ -n "$tester" ] && nothing_left
}
no_image() {
  target=docker:localhost/none:none hearthproof run --container-arg=--pull=never --output-dir "$place/none" >"$place/none.log" 2>&1
  local code=$?
  cat "$place/none.log"
  [ $code -eq 2 ] && grep -q '^hearthproof: ' "$place/none.log" && nothing_left
}
no_engine() {
  PATH=/none "$runtime" run -A main.ts run --target docker:x --output-dir "$place/none" >"$place/none.log" 2>&1
  local code=$?
  cat "$place/none.log"
  [ $code -eq 2 ] && grep -q 'install one' "$place/none.log"
}

runtime=$(deno eval 'console.log(Deno.execPath())')
step "podman and runc are installed" engine
step "an image of the reference node" make_image
step "run: identity, events, files and services; the network of the machine" run_some
step "the same verdicts from the transcript, without the container" recheck
if podman run --rm "${limits[@]#--container-arg=}" --entrypoint '["/bin/sh","-c",":"]' "$image" >/dev/null 2>&1; then
  step "run: a published port" published
else
  echo "== container: a published port: NOT shown, networks of containers do not work here"
fi
step "run: a fault in the container fails and is named" broken
step "operability: stop, kill, restart, log files" operability
step "soak: 20 s with a kill and a restart" soak
step "Ctrl-C removes container and volume" interrupted INT
step "kill -9 removes container and volume" interrupted KILL
step "an image that is not there" no_image
step "no engine on the PATH" no_engine
step "nothing is left" nothing_left

echo "container: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
