# shellcheck shell=bash
# The guests' Debian roots.

# guest_root GUEST: prints the artefact with `root/`, the guest's plain Debian root, and `quadlet`,
# which runs its Podman generator with its own libraries.
guest_root() {
    GUEST=$1
    SUITE=$(suite_of "$1")
    PACKAGE_LISTS=("$WORLD/guest/packages")
    [ ! -e "$WORLD/guest/packages.$1" ] || PACKAGE_LISTS+=("$WORLD/guest/packages.$1")
    artefact "root-$GUEST" build_guest_root "$WORLD/lib/root.sh" "$WORLD/lib/host.sh" "${PACKAGE_LISTS[@]}" "$SUITE"
}

build_guest_root() {
    debian_root "$SUITE" "$1/root" "$(packages_in "${PACKAGE_LISTS[@]}")"
    cat >"$1/quadlet" <<'SCRIPT'
#!/bin/sh
root=$(dirname -- "$0")/root
libraries=$root/usr/lib/x86_64-linux-gnu
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$root/usr/libexec/podman/quadlet" "$@"
SCRIPT
    chmod 755 -- "$1/quadlet"
}
