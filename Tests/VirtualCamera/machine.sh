#!/usr/bin/env bash
# machine.sh KERNEL-FOLDER OUTPUT MODULES SCENARIO FOLDER: boots a throw-away machine under qemu's software emulation, loads
# MODULES (one a line: name and parameters), puts FOLDER at /camera (and the libraries that its programs need where they
# look for them), runs SCENARIO with busybox' shell, and leaves what it printed in OUTPUT and what it drew on its terminal
# in OUTPUT.terminal. Exit status: the scenario's, 124 when it takes longer than VM_TIMEOUT seconds.
set -euo pipefail
kernel=$1 output=$2 modules=$3 scenario=$4 folder=$5
version=$(cat "$kernel/version")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root"/{bin,modules,proc,sys,dev,tmp,run,etc,root}

# Modules in the order that their dependencies ask for, each once.
declare -A taken=()
while read -r name parameters; do
  [ -n "$name" ] || continue
  while read -r verb file _; do
    [ "$verb" = insmod ] || continue
    base=$(basename "$file")
    [ -z "${taken[$base]-}" ] || continue
    taken[$base]=1
    cp "$file" "$root/modules/$base"
    [ "${base%.ko}" = "${name//-/_}" ] || [ "${base%.ko}" = "$name" ] || { echo "$base" >> "$root/modules/order"; continue; }
    echo "$base $parameters" >> "$root/modules/order"
  done < <(modprobe -d "$kernel" -S "$version" --show-depends "$name")
done <<< "$modules"

cp -r "$folder" "$root/camera"
put() {
  [ -e "$root$1" ] && return
  mkdir -p "$root$(dirname "$1")"
  cp -rL "$1" "$root$1"
}
find "$folder" -type f -perm /111 | while read -r program; do
  # Static programs and scripts need nothing.
  { ldd "$program" 2>/dev/null | grep -oE '/[^ :]+' || true; } | while read -r library; do put "$library"; done
done
cp "$(command -v busybox)" "$root/bin/busybox"
cp "$scenario" "$root/scenario.sh"
for data in /lib/terminfo /usr/lib/locale/C.utf8; do [ -d "$data" ] && put "$data"; done

cat > "$root/init" <<'I'
#!/bin/busybox sh
export PATH=/bin:/usr/bin:/sbin:/usr/sbin HOME=/root LANG=C.UTF-8 TERM=xterm-256color
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm; mount -t devpts pts /dev/pts; mount -t tmpfs shm /dev/shm
exec </dev/null >/dev/ttyS1 2>&1
stty -F /dev/ttyS1 raw; stty -F /dev/ttyS2 cols 120 rows 36
while read -r module parameters; do insmod /modules/$module $parameters || echo "not loaded: $module"; done < /modules/order
sleep 0.5
sh /scenario.sh
echo "exit $?"
sleep 0.3
poweroff -f
I
chmod +x "$root/init"
(cd "$root" && find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc --quiet > "$work/initrd")

: > "$output"
: > "$output.terminal"
status=0
timeout --foreground -k 5 "${VM_TIMEOUT:-240}" nice -n 5 qemu-system-x86_64 \
  -accel "${VM_ACCELERATOR:-tcg,thread=multi}" -smp 2 -m 2G -cpu max -machine pc,usb=off,vmport=off \
  -nodefaults -no-user-config -no-reboot -display none -kernel "$kernel/vmlinux" -initrd "$work/initrd" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable no_timer_check random.trust_cpu=on" \
  -serial "file:$output.kernel" -serial "file:$output" -serial "file:$output.terminal" </dev/null >/dev/null || status=$?
[ "$status" = 124 ] && exit 124
result=$(sed -n 's/^exit \([0-9]*\)\r*$/\1/p' "$output" | tail -1)
[ -n "$result" ] || { echo "the machine ended without a result; its kernel said:" >&2; tail -20 "$output.kernel" >&2; exit 125; }
exit "$result"
