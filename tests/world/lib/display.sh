# shellcheck shell=bash
# The display image, as a root.

# Where it has the streamer. The guests' image has a file there that each run overwrites.
export STREAMER=/usr/libexec/dillinger-runner/dillinger-stream

# display_root: prints the artefact with `root/`, the display image without the streamer.
display_root() {
    artefact display build_display "$WORLD"/lib/{display,host}.sh \
        "$TOP"/quadlet/images/display/{install,keep,packages,plugins,modules,dpkg.cfg}
}

build_display() {
    # shellcheck disable=SC2016  # mmdebstrap gives the root to the hooks' shell
    debian_root trixie "$1/root" apt --customize-hook='cp -r '"'$TOP/quadlet/images/display'"' "$1/tmp/display"' \
        --customize-hook='chroot "$1" /tmp/display/install' --customize-hook='rm -r "$1/tmp/display"' \
        --customize-hook='echo "#!/bin/false" | install -D /dev/stdin "$1$STREAMER"'
}
