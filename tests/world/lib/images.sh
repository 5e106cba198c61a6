# shellcheck shell=bash
# The container images of the guests. Their package lists are those that the Containerfiles beside them install, so
# that an image here and one built by Podman hold the same.

IMAGES=$TOP/quadlet/images
FREEDOOM_PACKAGES=$TOP/tests/demo/packages
STREAMTEST_PACKAGES=$TOP/tests/streaming/packages

# images: prints the artefact with `containers/`, the user's container storage with all images in it, and `sdl/`, what
# compiling a program for the image streamtest needs.
images() {
    DISPLAY_ROOT=$(display_root)
    ROOT=$(guest_root debian13)
    artefact images build_images "${DISPLAY_ROOT##*/}" "$WORLD/lib/images.sh" \
        "$WORLD"/guest/{import,configure} "$IMAGES"/{base,display}/Containerfile "$IMAGES/base/packages" \
        "$FREEDOOM_PACKAGES" "$STREAMTEST_PACKAGES"
}

build_images() {
    local dir=$1 base
    base=$(packages_in "$IMAGES/base/packages")
    mkdir -- "$dir/share"
    # Device nodes cannot be made in a user namespace, and a container brings its own.
    debian_root trixie "$dir/share/base.tar" "$base" --skip=output/dev
    debian_root trixie "$dir/share/freedoom.tar" "$base,$(packages_in "$FREEDOOM_PACKAGES")" --skip=output/dev
    # shellcheck disable=SC2016  # mmdebstrap gives the root to the hooks' shell
    debian_root trixie "$dir/share/streamtest.tar" "$base,$(packages_in "$STREAMTEST_PACKAGES")" --skip=output/dev \
        --customize-hook='mkdir "$1/tmp/sdl" && cd "$1/tmp/sdl" && chroot "$1" sh -c "cd /tmp/sdl && apt-get download libsdl2-dev"' \
        --customize-hook='dpkg-deb -x "$1"/tmp/sdl/libsdl2-dev_*.deb '"'$dir/sdl'" \
        --customize-hook='cp "$1"/usr/lib/*/libSDL2-2.0.so.0 '"'$dir/sdl'"'; rm -r "$1/tmp/sdl"'
    as_root tar -C "$DISPLAY_ROOT/root" --exclude='./dev/*' -cf "$dir/share/display.tar" .
    import_images "$dir" base freedoom display streamtest
}

# import_images DIRECTORY IMAGE...: adds the images of DIRECTORY/share to DIRECTORY/containers, with the labels that their
# Containerfiles give, and removes the former.
import_images() {
    local dir=$1 image
    shift
    for image; do
        labels_of "$image" >"$dir/share/$image.labels"
    done
    new_run "$dir/run" "$dir/share" "$WORLD/guest/import"
    native "$dir/run" "$ROOT/root" "$dir/containers" /world/guest/import "$@"
    rm -rf -- "$dir/share"
    as_root rm -rf -- "$dir/run"
}

# labels_of IMAGE: prints the labels of an image of the product, a line each.
labels_of() {
    [ ! -e "$IMAGES/$1/Containerfile" ] || sed -n 's/^LABEL //p' "$IMAGES/$1/Containerfile"
}

# images_with_wine: prints the artefact with `containers/`, the same storage and the Wine image in it. A guest's disk has
# no room for that.
images_with_wine() {
    STORAGE=$(images)
    WINE_ROOT=$(wine_root)
    ROOT=$(guest_root debian13)
    artefact images-wine build_images_with_wine "${STORAGE##*/}" "${WINE_ROOT##*/}" "$WORLD"/lib/{images,native}.sh \
        "$WORLD"/guest/{import,configure} "$IMAGES/wine/Containerfile"
}

build_images_with_wine() {
    local dir=$1
    mkdir -- "$dir/share"
    copy_storage "$STORAGE/containers" "$dir/containers"
    as_root tar -C "$WINE_ROOT/root" --exclude='./dev/*' -cf "$dir/share/wine.tar" .
    import_images "$dir" wine
}
