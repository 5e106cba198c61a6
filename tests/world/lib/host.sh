# shellcheck shell=bash
# What the host needs, and Debian roots made on it.

# require_host: installs the host's packages that building needs, if one of them is missing.
require_host() {
    local wanted=() pair
    for pair in mmdebstrap:mmdebstrap mke2fs:e2fsprogs flock:util-linux xz:xz-utils; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || wanted+=("${pair#*:}")
    done
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || wanted+=(debian-archive-keyring)
    [ "${#wanted[@]}" -gt 0 ] || return 0
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${wanted[@]}"
}

# debian_root SUITE TARGET PACKAGES [OPTION...]: a Debian root without documentation, from Debian's
# own mirrors or from DILLINGER_WORLD_MIRROR. TARGET is a directory or a tar archive.
debian_root() {
    local suite=$1 target=$2 packages=$3
    shift 3
    require_host
    # Mirrors that lag behind, and machines whose clock is wrong, refuse a suite that is still good.
    as_root mmdebstrap --variant=minbase --include="$packages" \
        --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
        "$@" "$suite" "$target" ${DILLINGER_WORLD_MIRROR:+"$DILLINGER_WORLD_MIRROR"}
}
