# shellcheck shell=bash
# The product as its install recipe lays it out.

# begin_product: begins to build the programs, for a stage_product later on.
begin_product() {
    [ -z "${DILLINGER_WORLD_STAGE:-}" ] || return 0
    mkdir -p -- "$CACHE"
    # What fails here fails there again, and is told there.
    (hold_product && exec make -s -C "$TOP" build) >"$CACHE/install.log" 2>&1 </dev/null &
    BUILDER=$!
}

# end_product: ends what begin_product has begun; without effect if there is none.
end_product() {
    [ -z "${BUILDER:-}" ] || kill -- "$BUILDER" 2>/dev/null || true
    BUILDER=
}

# stage_product DIRECTORY: installs the product into DIRECTORY, or copies DILLINGER_WORLD_STAGE there.
stage_product() {
    if [ -n "${DILLINGER_WORLD_STAGE:-}" ]; then
        cp -r -- "$DILLINGER_WORLD_STAGE/." "$1"
        return
    fi
    fail_with build
    show_progress "world: building the product (log: $CACHE/install.log)" late
    [ -z "${BUILDER:-}" ] || wait "$BUILDER" || true
    BUILDER=
    if ! (hold_product && exec make -s -C "$TOP" install "DESTDIR=$1" PREFIX=/usr) >"$CACHE/install.log" 2>&1; then
        end_progress
        tail -n 30 -- "$CACHE/install.log" >&2
        die "make install failed, the whole log is $CACHE/install.log"
    fi
    end_progress
}

# hold_product: keeps other runs from building or installing the product, until this shell ends.
hold_product() {
    local lock
    exec {lock}>"$CACHE/stage.lock"
    flock "$lock"
}
