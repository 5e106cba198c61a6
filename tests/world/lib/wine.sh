# shellcheck shell=bash
# The Wine image, as a root.

# Where it has the product's programs. The guests' image has files there that each run overwrites.
export WINE_PROGRAMS=/usr/libexec/dillinger-runner

# wine_root: prints the artefact with `root/`, the Wine image without the product's two programs.
wine_root() {
    artefact wine build_wine "$WORLD"/lib/{wine,host}.sh "$TOP"/quadlet/images/wine/{install,packages,parts,locales,dpkg.cfg}
}

build_wine() {
    # shellcheck disable=SC2016  # mmdebstrap gives the root to the hooks' shell
    debian_root trixie "$1/root" apt --customize-hook='cp -r '"'$TOP/quadlet/images/wine'"' "$1/tmp/wine"' \
        --customize-hook='chroot "$1" /tmp/wine/install' --customize-hook='rm -r "$1/tmp/wine"' \
        --customize-hook='for program in dillinger-wine dillinger-launch.exe; do
            echo "#!/bin/false" | install -D /dev/stdin "$1$WINE_PROGRAMS/$program"; done'
}
