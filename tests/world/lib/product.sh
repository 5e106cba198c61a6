# shellcheck shell=bash
# The product as its install recipe lays it out.

# stage_product DIRECTORY: installs the product into DIRECTORY, or copies DILLINGER_WORLD_STAGE there.
stage_product() {
    local lock
    if [ -n "${DILLINGER_WORLD_STAGE:-}" ]; then
        cp -r -- "$DILLINGER_WORLD_STAGE/." "$1"
        return
    fi
    exec {lock}>"$CACHE/stage.lock"
    flock "$lock"
    # Only a person wants to watch a build; to a program, standard error is the script's.
    if [ -t 2 ]; then
        install_product "$1" >&2 || die "make install failed"
    elif ! install_product "$1" >"$CACHE/install.log" 2>&1; then
        tail -n 30 -- "$CACHE/install.log" >&2
        die "make install failed, the whole log is $CACHE/install.log"
    fi
    exec {lock}>&-
}

install_product() { make -s -C "$TOP" install "DESTDIR=$1" PREFIX=/usr; }
