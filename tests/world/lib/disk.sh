# shellcheck shell=bash
# The guests' disks: the root with the user, the images and everything but the product.

# guest_disk GUEST [wine]: prints the artefact with `disk.img`, ready to boot; with the Wine image too.
guest_disk() {
    KERNEL=$(kernel)
    if [ "${2:-}" = wine ]; then STORAGE=$(images_with_wine); else STORAGE=$(images); fi
    ROOT=$(guest_root "$1")
    artefact "disk-$1${2:+-$2}" build_guest_disk "${KERNEL##*/}" "${STORAGE##*/}" "${ROOT##*/}" "$WORLD/lib/disk.sh" \
        "$WORLD"/guest/{configure,world-init,start,provision}
}

build_guest_disk() {
    local dir=$1 root=$1/root run=$1/run
    as_root cp -a -- "$ROOT/root" "$root"
    as_root mkdir -p -- "$root/lib/modules"
    as_root cp -r -- "$KERNEL/modules" "$root/lib/modules/$(cat -- "$KERNEL/release")"
    as_root cp -- "$WORLD/guest/configure" "$root/configure"
    as_root install -m 755 -- "$WORLD/guest/world-init" "$root/sbin/world-init"
    as_root chroot "$root" /bin/sh /configure
    as_root rm -- "$root/configure"
    as_root cp -al -- "$STORAGE/containers" "$root/home/player/.local/share/"
    # No journal: the disk of a run is thrown away, and the one that is kept is unmounted cleanly.
    as_root env PATH="$PATH:/usr/sbin:/sbin" mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$root" -L root "$dir/disk.img" 12G
    as_root chown "$(id -u)" -- "$dir/disk.img"
    as_root rm -rf -- "$root"
    new_run "$run" "$run/stage" "$WORLD/guest/provision"
    touch -- "$run/keep"
    boot "$run" start_kernel "$KERNEL" "ubd0=$dir/disk.img" || {
        cat -- "$run/boot.log"
        return 1
    }
    rm -rf -- "$run"
}
