# shellcheck shell=bash
# One run of a guest: its directory, its kernel, its end.

# Seconds of processor time from power-on to the script's start, and seconds without any, after which a guest counts as not
# booting. A guest on a slow or busy machine takes longer, but not more.
BOOT_DEADLINE=${DILLINGER_WORLD_BOOT_DEADLINE:-180}

# new_run DIRECTORY SHARE SCRIPT [ARG...]: lays out what the guest finds at /world.
new_run() {
    local run=$1 share=$2 script=$3
    shift 3
    mkdir -p -- "$run/script" "$run/stage" "$run/output"
    cp -r -- "$WORLD/guest" "$run/guest"
    ln -s -- "$(realpath -- "$share")" "$run/share"
    cp -L -- "$script" "$run/script/${script##*/}"
    chmod 755 -- "$run" "$run/script" "$run/script/${script##*/}"
    printf '%s\0' "/world/script/${script##*/}" "$@" >"$run/argv"
    chmod 644 -- "$run/argv"
}

# boot RUN STARTER [ARG...]: boots the guest that `STARTER RUN ARG... OUT ERR` starts, streams the script's output,
# and returns the script's status. The guest's own messages go to RUN/boot.log.
boot() {
    local run=$1 starter=$2 out err output error read
    shift 2
    # Between the kernel and our own output, since it makes its descriptors non-blocking.
    mkfifo -- "$run/out" "$run/err"
    cat <"$run/out" &
    output=$!
    cat <"$run/err" >&2 &
    error=$!
    exec {out}>"$run/out" {err}>"$run/err"
    "$starter" "$run" "$@" "$out" "$err"
    watch_boot "$run" "$GUEST_PID" >/dev/null &
    WATCHDOG=$!
    # Bash's own remark on a kernel that a signal ended says nothing to the caller.
    { wait -n "$GUEST_PID" "$output" "$error" || true; } 2>/dev/null
    end_guest
    exec {out}>&- {err}>&-
    wait "$output" && wait "$error" && read=yes || read=no
    { wait || true; } 2>/dev/null
    if [ -s "$run/status" ]; then
        return "$(cat -- "$run/status")"
    fi
    # Nobody reads the output any longer: the status of a program that SIGPIPE ends.
    [ "$read" = yes ] || return 141
    return "$FAILED"
}

# start_kernel RUN KERNEL DISK OUT ERR: the guest's serial lines 1 and 2 are the descriptors OUT and ERR.
start_kernel() {
    local run=$1 kernel=$2 disk=$3 terminal
    # Opened anew, so that the caller's own descriptors stay as they are.
    [ -z "${TERMINAL:-}" ] || exec {terminal}<>/dev/tty
    HOME=$run TMPDIR=$(memory_dir "$run") setsid "$kernel/linux" \
        "mem=${DILLINGER_WORLD_MEM:-4096M}" seccomp=auto "$disk" root=/dev/ubda rw \
        init=/sbin/world-init "world_run=$run" quiet systemd.show_status=0 \
        con=null ssl=null con0=null,fd:2 "ssl1=null,fd:$4" "ssl2=null,fd:$5" \
        ${TERMINAL:+"ssl3=fd:$terminal"} </dev/null >"$run/boot.log" 2>&1 &
    GUEST_PID=$!
}

# use_terminal RUN: makes the next guest's script interactive, on the caller's terminal.
use_terminal() {
    local rows columns
    TERMINAL=$(stty -g </dev/tty)
    read -r rows columns < <(stty size </dev/tty)
    printf '%s\n' "$rows" "$columns" "${TERM:-dumb}" >"$1/terminal"
}

# Ends the guest with all its processes, and the watch on it; without effect if there is none.
end_guest() {
    [ -n "${GUEST_PID:-}" ] || return 0
    kill -KILL -- "-$GUEST_PID" 2>/dev/null || as_root kill -KILL -- "-$GUEST_PID" 2>/dev/null || true
    kill -TERM -- "$WATCHDOG" 2>/dev/null || true
    GUEST_PID='' WATCHDOG=''
}

# watch_boot RUN PID: ends a guest that does not boot, and says so; says how long it takes where that is long.
watch_boot() {
    local run=$1 pid=$2 began=$SECONDS told=$SECONDS used=0 now moved=$SECONDS never
    exec {never}<> <(:)
    while [ ! -e "$run/started" ]; do
        read -r -t 1 -u "$never" || true
        now=$(time_used "$pid")
        [ "$now" -eq "$used" ] || { used=$now moved=$SECONDS; }
        if [ "$used" -gt "$BOOT_DEADLINE" ] || [ $((SECONDS - moved)) -gt "$BOOT_DEADLINE" ]; then
            [ ! -e "$run/started" ] || return 0
            note "the guest has not booted: $used s of processor time in $(duration $((SECONDS - began)))"
            kill -KILL -- "-$pid" 2>/dev/null || as_root kill -KILL -- "-$pid" 2>/dev/null
            return 0
        fi
        if [ $((SECONDS - told)) -ge 30 ]; then
            told=$SECONDS
            note "the guest is booting, $(duration $((SECONDS - began))) so far"
        fi
    done
}

# time_used PID: prints the seconds of processor time of a process and all that it has started.
time_used() {
    ps -e -o pid=,ppid=,cputimes= | awk -v first="$1" '
        { parent[$1] = $2; used[$1] = $3 }
        END {
            for (pid in used) {
                for (above = pid; above > 1 && above != first; above = parent[above]);
                if (above == first) sum += used[pid]
            }
            print sum + 0
        }'
}

# The guest's memory is a file: in memory where that is large enough, else beside the disk.
memory_dir() {
    local free
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1)
    if [ "${free:-0}" -gt 5000000 ]; then echo /dev/shm; else printf '%s\n' "$1"; fi
}
