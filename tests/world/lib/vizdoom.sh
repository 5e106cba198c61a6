# shellcheck shell=bash
# A real game for Windows: ViZDoom, a Doom engine that draws with SDL 2, with the free game data Freedoom 2. Both are in the
# wheel that PyPI has for Python on Windows.

VIZDOOM_VERSION=1.3.2
VIZDOOM_SHA256=7ad20e8b12c0a359d9673851c64cb48aba0692ab84f579e5f6ce37e9d9943df3

# vizdoom: prints the artefact with `game/`, which holds vizdoom.exe, freedoom2.wad and the libraries.
vizdoom() { artefact vizdoom build_vizdoom "$WORLD/lib/vizdoom.sh"; }

build_vizdoom() {
    local dir=$1 wheel
    python3 -m pip download --quiet --no-deps --only-binary=:all: --platform win_amd64 --python-version 3.11 \
        --implementation cp --abi cp311 --dest "$dir" "vizdoom==$VIZDOOM_VERSION"
    wheel=$(echo "$dir"/vizdoom-*.whl)
    echo "$VIZDOOM_SHA256  $wheel" | sha256sum --check
    python3 -m zipfile --extract "$wheel" "$dir/wheel"
    mkdir -- "$dir/game"
    mv -- "$dir"/wheel/vizdoom/{*.exe,*.dll,vizdoom.pk3,freedoom2.wad} "$dir/game/"
    rm -r -- "$dir/wheel" "$wheel"
}
