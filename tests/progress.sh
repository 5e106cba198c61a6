# shellcheck shell=bash
# Long steps that show what they do and how long so far: on a terminal as one moving line, in a log as a line a minute.

# duration SECONDS: prints a time as people write it, such as "45 s" or "3 min 05 s".
duration() {
    if [ "$1" -lt 60 ]; then printf '%d s' "$1"; else printf '%d min %02d s' "$(($1 / 60))" "$(($1 % 60))"; fi
}

# show_progress TEXT [late]: shows TEXT on standard error, from now until end_progress; in a log with `late` only what takes
# more than a minute.
show_progress() {
    [ -t 2 ] || [ -n "${2:-}" ] || printf '%s\n' "$1" >&2
    # It ends with the shell that began it.
    local owner=$BASHPID
    watch_progress "$1" "$owner" </dev/null >/dev/null &
    PROGRESS=$!
}

# end_progress: ends the line of show_progress; without effect if there is none.
end_progress() {
    [ -n "${PROGRESS:-}" ] || return 0
    { kill "$PROGRESS" && wait "$PROGRESS"; } 2>/dev/null || true
    PROGRESS=
    [ ! -t 2 ] || printf '\r\e[K' >&2
}

watch_progress() {
    local text=$1 owner=$2 began=$SECONDS told=$SECONDS never
    # A read that gets nothing sleeps without a process of its own, which would keep standard error open.
    exec {never}<> <(:)
    while kill -0 "$owner" 2>/dev/null; do
        if [ -t 2 ]; then
            printf '\r%s, %s so far\e[K' "$text" "$(duration $((SECONDS - began)))" >&2
        elif [ $((SECONDS - told)) -ge 60 ]; then
            told=$SECONDS
            printf '%s, %s so far\n' "$text" "$(duration $((SECONDS - began)))" >&2
        fi
        read -r -t 1 -u "$never" || true
    done
}
