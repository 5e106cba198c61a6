//! Ended sessions, log lines, findings, capabilities.

use super::convert::dictionary;

dictionary! {
    /// One record of `ListEnded`.
    EndedRecord {
        /// Id of the session.
        "Id" id: String,
        /// The caller's name of the game.
        "GameId" game_id: String,
        /// Title of the game.
        "Title" title: String,
        /// What ran it.
        "Runner" runner: String,
        /// Its container image.
        "Image" image: String,
        /// How it ended.
        "Outcome" outcome: String,
        /// Why it ended so, one line.
        "OutcomeReason" outcome_reason: String,
        /// Exit status, or signal number if the outcome is `killed`.
        "ExitStatus" exit_status: Option<i32>,
        /// When it was created, in µs since 1970 UTC.
        "CreatedTimestamp" created_timestamp: u64,
        /// When the game started to run, in µs since 1970 UTC; 0 if it did not.
        "StartedTimestamp" started_timestamp: u64,
        /// When it ended, in µs since 1970 UTC.
        "EndedTimestamp" ended_timestamp: u64,
        /// Processor time of the whole session in µs.
        "CPUUsageUSec" cpu_usage_usec: Option<u64>,
        /// Most memory in bytes.
        "MemoryPeak" memory_peak: Option<u64>,
    }
}

dictionary! {
    /// One line of `OpenLog`.
    LogLine {
        /// When it was written, in µs since 1970 UTC.
        "Timestamp" timestamp: u64,
        /// Its place in the journal, for the option `Cursor`.
        "Cursor" cursor: Option<String>,
        /// Priority, 0 to 7, syslog(3).
        "Priority" priority: Option<u32>,
        /// Name of the process.
        "Comm" comm: Option<String>,
        /// Its process id.
        "Pid" pid: Option<u32>,
        /// The text.
        "Message" message: String,
        /// True if bytes that are not UTF-8 were replaced.
        "Lossy" lossy: Option<bool>,
        /// True if the text was cut.
        "Truncated" truncated: Option<bool>,
        /// True if the next entry of the same process goes on with this line.
        "Continues" continues: Option<bool>,
        /// True if something is missing here, nobody knows how much; `message` says why.
        "Incomplete" incomplete: Option<bool>,
        /// How many messages the journal suppressed here.
        "Dropped" dropped: Option<u64>,
    }
}

dictionary! {
    /// One finding of `Diagnose`.
    Finding {
        /// Name of the check, such as `podman-version`.
        "Id" id: String,
        /// `ok`, `warning`, `error` or `unknown`.
        "Status" status: String,
        /// What is, in one line.
        "Summary" summary: String,
        /// Why it matters.
        "Why" why: String,
        /// The command or file that mends it; empty when ok.
        "Remedy" remedy: String,
    }
}

dictionary! {
    /// The property `Capabilities`.
    Capabilities {
        /// Version of Podman; empty if unknown.
        "PodmanVersion" podman_version: String,
        /// Version of systemd; empty if unknown.
        "SystemdVersion" systemd_version: String,
        /// cgroup controllers delegated to the user.
        "Controllers" controllers: Vec<String>,
        /// Those that limits want and that are not delegated.
        "MissingControllers" missing_controllers: Vec<String>,
        /// Words of `Runner` that work here.
        "Runners" runners: Vec<String>,
        /// Words of `Display` that work here.
        "Displays" displays: Vec<String>,
        /// Words of `Audio` that work here.
        "Audio" audio: Vec<String>,
        /// Words of `Gpus` that work here.
        "Gpus" gpus: Vec<String>,
        /// Words of `Network` that work here.
        "Networks" networks: Vec<String>,
        /// How many sessions may live at once.
        "MaxSessions" max_sessions: u32,
        /// True if the kernel counts pressure stalls.
        "Pressure" pressure: bool,
        /// True if `OpenLog` can read the journal.
        "LogsReadable" logs_readable: bool,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;
    use zbus::Variant;

    #[test]
    fn records_survive_the_way_through_a_dictionary() {
        let record = EndedRecord {
            id: "a".to_owned(),
            exit_status: Some(-1),
            ended_timestamp: 7,
            memory_peak: Some(u64::MAX),
            ..EndedRecord::default()
        };
        let dict = record.clone().into_dict();
        assert!(!dict.contains_key("CPUUsageUSec"));
        assert_eq!(EndedRecord::from_dict(&dict), record);
    }

    #[test]
    fn odd_dictionaries_are_read_as_far_as_they_go() {
        let odd = Variant::from(vec![1u8]).try_into_owned().unwrap();
        let dict = crate::Dict::from([
            ("Id".to_owned(), odd.try_clone().unwrap()),
            ("ExitStatus".to_owned(), odd.try_clone().unwrap()),
            ("Unheard".to_owned(), odd),
        ]);
        assert_eq!(EndedRecord::from_dict(&dict), EndedRecord::default());
    }

    #[test]
    fn log_lines_are_json_objects() {
        let line = r#"{"Timestamp":5,"Message":"hi","Lossy":true,"New":[1]}"#;
        let line: LogLine = serde_json::from_str(line).unwrap();
        assert_eq!((line.timestamp, line.message.as_str(), line.lossy), (5, "hi", Some(true)));
        assert_eq!(serde_json::to_string(&line).unwrap(), r#"{"Timestamp":5,"Message":"hi","Lossy":true}"#);
    }

    #[test]
    fn every_key_is_documented_in_the_contract() {
        let finding = Finding::default().into_dict();
        let capabilities = Capabilities::default().into_dict();
        let ended = EndedRecord {
            exit_status: Some(0),
            cpu_usage_usec: Some(0),
            memory_peak: Some(0),
            ..EndedRecord::default()
        };
        for (key, value) in finding.into_iter().chain(capabilities).chain(ended.into_dict()) {
            let said = format!("{key} ({}", value.value_signature());
            assert!(xml::MANAGER.contains(&said), "{said}");
        }
    }
}
