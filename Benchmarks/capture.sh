#!/usr/bin/env bash
# capture.sh [SECONDS]: the capture thread at 1280x720 YUYV and 60 frames a second, from a scripted driver in real time,
# while a network runs on every core. Prints frames, misses and the thread's share of a core, without and with the health
# of pictures. Builds first; BINARIES says where the release build is, TESTS how to run the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
binaries=${BINARIES:-.build/release}
tests=${TESTS:-swift test -c release --skip-build}
[ -n "${BINARIES-}" ] || { swift build -c release --build-tests && swift build -c release --product ocellus; }
busy=()
trap 'kill "${busy[@]}" 2>/dev/null || true' EXIT
for _ in $(seq "$(nproc)"); do
  "$binaries/ocellus" bench ocellus-detector --threads 1 --runs 1000000 >/dev/null 2>&1 &
  busy+=($!)
done
sleep 2
OCELLUS_CAPTURE_SECONDS=$seconds $tests --filter CaptureBenchmark 2>&1 | grep -E "capture thread,|recorded an issue|Test run"
