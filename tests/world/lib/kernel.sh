# shellcheck shell=bash
# The guest's kernel: User Mode Linux of Debian testing, since older ones do not run everywhere.

# kernel: prints the artefact with `linux`, which runs on the host, and `modules/`.
kernel() { artefact kernel build_kernel "$WORLD/lib/kernel.sh"; }

build_kernel() {
    local dir=$1 part
    debian_root forky "$dir/root" user-mode-linux --variant=extract
    mkdir -- "$dir/modules"
    cp -r -- "$dir"/root/usr/lib/uml/modules/* "$dir/all"
    for part in fs/overlayfs fs/fuse drivers/net/tun.ko drivers/net/veth.ko lib net/802 net/llc net/bridge \
        net/netfilter net/ipv4/netfilter net/ipv6/netfilter; do
        copy_modules "$dir" "$part"
    done
    cp -- "$dir"/all/modules.* "$dir/modules/"
    basename -- "$dir"/root/usr/lib/uml/modules/* >"$dir/release"
    as_root rm -rf -- "$dir/all" "$dir/root/usr/lib/uml" "$dir/root/var"
    # It needs a newer C library than the host may have, and as a program that lies at a fixed address
    # cannot be given to a loader: so the loader takes the place of the host's, for it alone.
    cat >"$dir/linux" <<'SCRIPT'
#!/bin/sh
root=$(dirname -- "$0")/root
libraries=$root/usr/lib/x86_64-linux-gnu
[ "$(id -u)" -eq 0 ] || map=--map-root-user
exec unshare --mount ${map:-} sh -c '
    mount --bind "$1/ld-linux-x86-64.so.2" /lib64/ld-linux-x86-64.so.2 || exit 125
    export LD_LIBRARY_PATH="$1"
    shift
    exec "$@"' sh "$libraries" "$root/usr/bin/linux.uml" "$@"
SCRIPT
    chmod 755 -- "$dir/linux"
}

# A module that is built in, or compressed, in another version of the package is no error.
copy_modules() {
    local dir=$1 path
    for path in "$dir/all/kernel/$2"*; do
        [ -e "$path" ] || continue
        mkdir -p -- "$(dirname -- "$dir/modules/kernel/$2")"
        cp -r -- "$path" "$(dirname -- "$dir/modules/kernel/$2")/"
    done
}
