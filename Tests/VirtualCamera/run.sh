#!/usr/bin/env bash
# run.sh [vivid] [hdmi] [uvc]: the program against the kernel's own drivers in a virtual machine, with every fault that they
# can inject. Skips, with a message, where qemu or the kernel cannot be had.
set -euo pipefail
cd "$(dirname "$0")"
top=$(cd ../.. && pwd)
cache=${VM_CACHE:-$top/.build/virtual-camera}
binaries=${BINARIES:-$top/.build/release}
packages="qemu-system-x86 busybox-static cpio kmod xz-utils gcc bsdutils"

missing=
for tool in qemu-system-x86_64 busybox cpio modprobe depmod xz gcc script; do
  PATH=$PATH:/sbin:/usr/sbin command -v "$tool" >/dev/null || missing="$missing $tool"
done
if [ -n "$missing" ]; then
  echo "skipped: no$missing here (apt-get install $packages)"
  exit 0
fi
export PATH=$PATH:/sbin:/usr/sbin
if ! ./kernel.sh "$cache/kernel"; then
  echo "skipped: the kernel package cannot be had"
  exit 0
fi
for product in camera-probe ocellus; do
  [ -x "$binaries/$product" ] || (cd "$top" && swift build -c release --product $product)
done

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
failures=0

run() { # NAME MODULES
  local camera=$stage/$1
  mkdir -p "$camera/pictures"
  cp "$binaries/camera-probe" "$binaries/ocellus" "$(command -v script)" "$camera/"
  cp -r "$top/models" "$camera/models"
  rm -rf "$camera/models/training"
  gcc -O2 -Wall -Wextra -static -o "$camera/webcam" webcam.c
  "$binaries/camera-probe" pictures "$camera/pictures"
  touch "$camera/$1"
  echo "== $1"
  local status=0
  VM_TIMEOUT=${VM_TIMEOUT:-2700} ./machine.sh "$cache/kernel" "$cache/$1.log" "$2" scenario.sh "$camera" || status=$?
  tr -d '\r' < "$cache/$1.log" | tee "$cache/$1.txt" | grep -E "^(ok|FAILED|not loaded|row)" || true
  # Kept for docs/FAULTS.md, which the matrix' own test writes.
  [ -z "${OCELLUS_WRITE_DOCS-}" ] || grep '^row|' "$cache/$1.txt" | sed "s/^row|/$1|/" > "results-$1.txt" || true
  [ "$status" = 0 ] || { echo "$1: status $status; all of it is in $cache/$1.log"; failures=$((failures + 1)); }
}

[ $# -gt 0 ] || set -- vivid hdmi uvc
for part in "$@"; do
  case $part in
    vivid) run vivid "vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x0" ;;
    hdmi) run hdmi "vivid n_devs=1 node_types=0x1 num_inputs=1 input_types=0x3" ;;
    uvc) run uvc $'vhci-hcd\nuvcvideo' ;;
    *) echo "run.sh: no part '$part'" >&2; exit 64 ;;
  esac
done
exit "$failures"
