//! Which tables and keys there are.

use dillinger_runner_core::limits::Limit;

/// Tables in the order in which they are documented.
pub(super) const TABLES: [&str; 6] = ["session", "ceilings", "images", "stream", "retention", "systemd"];

/// Request keys that a session may take from the settings. The others say
/// which game is meant, so a default makes no sense.
const SESSION: [&str; 32] = [
    "Image",
    "Library",
    "Network",
    "UserNamespaces",
    "Environment",
    "CPUQuotaPerSecUSec",
    "CPUWeight",
    "MemoryHigh",
    "MemoryMax",
    "MemorySwapMax",
    "TasksMax",
    "IOWeight",
    "AllowedCPUs",
    "RuntimeMaxUSec",
    "TimeoutStopUSec",
    "Display",
    "Width",
    "Height",
    "RefreshRate",
    "Audio",
    "Gpus",
    "Gamepads",
    "Clipboard",
    "FrameOnInput",
    "FillDisplay",
    "IdleAction",
    "IdleTimeoutUSec",
    "Dxvk",
    "Vkd3d",
    "Locale",
    "Synchronization",
    "SnapshotPrefix",
];

/// The keys of `table`; `None` for an unknown table.
pub(super) fn keys(table: &str) -> Option<Vec<&'static str>> {
    match table {
        "session" => Some(SESSION.to_vec()),
        "ceilings" => {
            let limits = Limit::ALL.into_iter().filter(|limit| limit.is_ceiling()).map(Limit::key);
            Some(limits.chain(["RuntimeMaxUSec", "MaxSessions"]).collect())
        }
        "images" => Some(vec!["Native", "Wine", "Display", "Pull"]),
        "stream" => Some(vec!["Ports", "Addresses", "PublicAddress", "MaxBitrate", "Encoder", "Gamepads"]),
        "retention" => Some(vec!["EndedObjects", "EndedRecords"]),
        "systemd" => Some(vec!["DaemonReload"]),
        _ => None,
    }
}

/// The request key that a unit file's spelling of it stands for; any other key
/// as it is.
pub(super) fn canonical<'a>(table: &str, key: &'a str) -> &'a str {
    match (table, key) {
        ("session" | "ceilings", "CPUQuota") => "CPUQuotaPerSecUSec",
        ("session" | "ceilings", "RuntimeMaxSec") => "RuntimeMaxUSec",
        ("session", "TimeoutStopSec") => "TimeoutStopUSec",
        ("session", "IdleTimeoutSec") => "IdleTimeoutUSec",
        _ => key,
    }
}

/// "did you mean" with the nearest of `known`, or all of them when none is
/// near.
pub(super) fn suggestion(wrong: &str, known: &[&str]) -> String {
    let distance = |name: &str| strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase());
    let nearest = known.iter().map(|name| (distance(name), *name)).min();
    match nearest {
        Some((distance, name)) if distance * 3 <= name.len() => format!("did you mean {name}"),
        _ => format!("expected one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_gets_the_nearest_key() {
        let known = keys("session").unwrap();
        assert_eq!(suggestion("MemoryMx", &known), "did you mean MemoryMax");
        assert_eq!(suggestion("memorymax", &known), "did you mean MemoryMax");
        assert_eq!(suggestion("TaskMax", &known), "did you mean TasksMax");
        assert!(suggestion("Whatever", &keys("systemd").unwrap()).contains("DaemonReload"));
        assert_eq!(suggestion("sesion", &TABLES), "did you mean session");
    }
}
