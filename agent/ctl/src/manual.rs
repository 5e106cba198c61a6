//! What the manual page of dillingerctl says beyond the options: sections of roff text.

/// Title and text, in roff, of the sections that follow the options.
pub const SECTIONS: &[(&str, &str)] = &[
    ("EXIT STATUS", EXIT_STATUS),
    ("ENVIRONMENT", ENVIRONMENT),
    ("STREAMED SESSIONS", STREAMED_SESSIONS),
    ("PREFIXES AND SAVES", PREFIXES),
    ("FILES", FILES),
    ("EXAMPLES", EXAMPLES),
];

/// Other manual pages.
pub const SEE_ALSO: &[&str] = &[
    "systemctl(1)",
    "journalctl(1)",
    "busctl(1)",
    "podman\\-systemd.unit(5)",
    "systemd.resource\\-control(5)",
    "systemd.service(5)",
    "systemd.time(7)",
];

const EXIT_STATUS: &str = r"
.TP
0
Success. With run and start \-\-wait: the game exited with status 0 or was stopped on request.
.TP
1
The command failed; doctor found an error; the outcome of the session is lost or display\-failed.
.TP
2
Wrong arguments, or a wrong request file.
.TP
4
There is no such session, prefix or saves.
.TP
69
The agent or the session bus cannot be reached.
.PP
With run and start \-\-wait the status is that of the game, which may be any of those above, and
.TP
124
The game was ended because it ran for RuntimeMaxSec= (outcome timeout).
.TP
125
The game could not be started (outcome start\-failed), or the agent refused to start it (run only).
.TP
128+N
The game was killed by signal N (outcome killed).
.TP
137
The kernel killed the game because it went over MemoryMax= (outcome oom\-kill).
";

const ENVIRONMENT: &str = r"
.TP
DBUS_SESSION_BUS_ADDRESS
Address of the session bus; without it, the bus socket in XDG_RUNTIME_DIR.
.TP
NO_COLOR
If not empty, no colours are used. They are only used on a terminal.
";

const FILES: &str = r"
A request file is TOML. Its keys are those that
.B \-\-property
takes, at the top level. A value has the type of its key, or is text as in unit files:
.PP
.RS 4
.nf
Title = \(dqFreedoom\(dq
Image = \(dqlocalhost/dillinger/freedoom:latest\(dq
Command = [\(dq/usr/games/chocolate\-doom\(dq]
Display = \(dqstream\(dq
Mounts = [\(dq/srv/wads:/wads:ro\(dq]
MemoryMax = \(dq2G\(dq
CPUQuota = \(dq150%\(dq
.fi
.RE
.PP
Sizes take K, M, G, T (base 1024); spans take units as in systemd.time(7). A bare number is
microseconds for RuntimeMaxUSec=, TimeoutStopUSec= and IdleTimeoutUSec=, seconds for RuntimeMaxSec=, TimeoutStopSec=
and IdleTimeoutSec=.
A colon in a path of a mount is written \e:.
.TP
/usr/share/dbus\-1/interfaces/org.dillinger.Runner1.*.xml
The D\-Bus interfaces, documented.
";

const STREAMED_SESSIONS: &str = r"
A session that was started with Display=stream has a display of its own, which
.B dillingerctl watch
shows in a browser on this machine:
.PP
.RS 4
.nf
id=$(dillingerctl start freedoom.toml)
dillingerctl watch $id
.fi
.RE
.PP
The page is served on 127.0.0.1 alone, and only to processes of the same user. The link holds a token that is good for
one use; the browser gets a cookie for it. Picture, sound and input do not go through this server but by WebRTC between
the browser and the session.
.PP
In the page Ctrl+Alt+Shift, pressed and let go, takes the keyboard back from the game. With M it locks or frees the
mouse, with F it turns full screen on or off, with S it shows statistics.
.PP
When the page is closed, its viewer leaves; when
.B dillingerctl watch
ends, all its viewers do. The game goes on.
";

const PREFIXES: &str = r"
A Windows game that has a GameId has a prefix and saves of its own, made by its first session. Both are named by the
GameId:
.PP
.RS 4
.nf
dillingerctl images prepare localhost/dillinger/wine:latest
dillingerctl prefix snapshot doom \-\-comment \(dqbefore the patch\(dq
dillingerctl prefix show doom
dillingerctl prefix rollback doom 1
dillingerctl saves export doom doom\-saves.tar
.fi
.RE
.PP
A prefix in use by a session is left alone, and so are saves. A rollback and
.B prefix rm
ask nothing: what they take away of the prefix is said, and the saves stay as they are.
.PP
An exported prefix is a whole one that any Wine can use. An archive is there under its name when all of it is; with
\(dq\-\(dq as FILE the exit status tells whether it was whole.
";

const EXAMPLES: &str = r"
Start a game and show what it writes:
.PP
.RS 4
.nf
dillingerctl run \-\-image localhost/dillinger/base:latest \-p MemoryMax=1G \-\- /bin/sh \-c \(aqecho hello\(aq
.fi
.RE
.PP
Start it in the background, look at it, stop it:
.PP
.RS 4
.nf
id=$(dillingerctl start freedoom.toml)
dillingerctl show $id
dillingerctl set\-limits $id CPUQuota=50%
dillingerctl stop $id
.fi
.RE
.PP
Ids of all sessions of a game that failed, for a script:
.PP
.RS 4
.nf
dillingerctl ended \-\-json \-\-game\-id freedoom | jq \-r \(aq.[] | select(.Outcome == \(dqfailed\(dq) | .Id\(aq
.fi
.RE
";

/// The keys that `--property` takes, in roff.
#[must_use]
pub fn keys_section() -> String {
    let entry = |key: &dillinger_runner_api::keys::Key| {
        let alias = key.unit_file_name.map(|name| format!(", {name}=")).unwrap_or_default();
        let limit = if key.limit { " (a limit, also for set\\-limits)" } else { "" };
        let doc = key.doc.replace('-', "\\-");
        format!(".TP\n{}={alias}\n{doc}{limit}\n", key.name)
    };
    dillinger_runner_api::keys::ALL.iter().map(entry).collect()
}
