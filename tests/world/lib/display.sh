# shellcheck shell=bash
# The display image, as a root.

# Where it has the product's programs. The guests' image has files there that each run overwrites.
export DISPLAY_PROGRAMS=/usr/libexec/dillinger-runner

# display_root: prints the artefact with `root/`, the display image without the product's programs.
display_root() {
    artefact display build_display "$WORLD"/lib/{display,host}.sh \
        "$TOP"/quadlet/images/display/{install,packages,plugins,dpkg.cfg}
}

build_display() {
    # shellcheck disable=SC2016  # mmdebstrap gives the root to the hooks' shell
    debian_root trixie "$1/root" apt --customize-hook='cp -r '"'$TOP/quadlet/images/display'"' "$1/tmp/display"' \
        --customize-hook='chroot "$1" /tmp/display/install' --customize-hook='rm -r "$1/tmp/display"' \
        --customize-hook='for program in dillinger-display dillinger-sound dillinger-stream; do
            echo "#!/bin/false" | install -D /dev/stdin "$1$DISPLAY_PROGRAMS/$program"; done'
}
