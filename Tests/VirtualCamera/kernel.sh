#!/usr/bin/env bash
# kernel.sh FOLDER: puts Debian's stock kernel and the modules of its test cameras there, ready for machine.sh.
# (The cloud kernel has no media drivers.) Does nothing when they are there already. Needs apt, dpkg-deb, kmod, xz.
set -euo pipefail
folder=$(realpath -m "$1")
[ -e "$folder/ready" ] && exit 0

package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1)
[ -n "$package" ] || { echo "no package linux-image-amd64 is known here (not Debian, or apt-get update was never run)" >&2; exit 1; }
version=${package#linux-image-}
rm -rf "$folder"
mkdir -p "$folder/download"
# Old versions vanish from the mirrors, so what was fetched is kept.
(cd "$folder/download" && apt-get -qq -o APT::Sandbox::User=root download "$package") >&2
modules=./lib/modules/$version
dpkg-deb --fsys-tarfile "$folder"/download/*.deb | tar -x -C "$folder" --wildcards \
  "./boot/vmlinuz-$version" "$modules/modules.*" "$modules/kernel/drivers/media/*" "$modules/kernel/drivers/usb/*" \
  "$modules/kernel/sound/core/*" "$modules/kernel/drivers/input/*" "$modules/kernel/drivers/video/fbdev/*"
rm -r "$folder/download"
find "$folder/lib" -name '*.ko.xz' -exec xz -d {} +
depmod -b "$folder" "$version"

# The kernel proper lies compressed in the boot image; qemu starts it directly, which saves seconds each time.
offset=$(LC_ALL=C grep -obUaP -m1 '\xfd7zXZ\x00' "$folder/boot/vmlinuz-$version" | head -1 | cut -d: -f1)
tail -c "+$((offset + 1))" "$folder/boot/vmlinuz-$version" | xz -dc --single-stream > "$folder/vmlinux" 2>/dev/null || true
head -c4 "$folder/vmlinux" | grep -q ELF || { echo "the kernel image is not compressed as expected" >&2; exit 1; }
echo "$version" > "$folder/version"
touch "$folder/ready"
