//! `org.dillinger.Runner1.Manager`

use super::Options;
use super::interface::interface;
use crate::value::Dict;
use zbus::OwnedObjectPath;

interface! {
    /// The manager: starts and lists sessions.
    ManagerProxy = trait Manager "org.dillinger.Runner1.Manager"
        (, default_path = "/org/dillinger/Runner1");
    methods {
        /// Starts a game; returns the path of its session.
        method "StartSession" start_session(request: &Options<'_>) -> (session: OwnedObjectPath);
        /// What [`Self::start_session`] would do.
        method "Explain" explain(request: &Options<'_>) -> (explanation: Dict);
        /// Path of a session by its id.
        method "GetSession" get_session(id: &str) -> (session: OwnedObjectPath);
        /// Id, path and state of every session, oldest first.
        method "ListSessions" list_sessions() -> (sessions: Vec<(String, OwnedObjectPath, String)>);
        /// Records of ended sessions, newest first; see [`crate::wire::EndedRecord`].
        method "ListEnded" list_ended(options: &Options<'_>) -> (sessions: Vec<Dict>);
        /// Starts a job that makes an image ready; returns the path of the job.
        method "PrepareImage" prepare_image(image: &str, options: &Options<'_>) -> (job: OwnedObjectPath);
        /// Checks of the host; see [`crate::wire::Finding`].
        method "Diagnose" diagnose() -> (findings: Vec<Dict>);
    }
    signals {
        /// A session object has come.
        signal "SessionAdded" session_added(id: String, session: OwnedObjectPath);
        /// A session object has gone.
        signal "SessionRemoved" session_removed(id: String, session: OwnedObjectPath, outcome: String);
    }
    properties {
        /// Version of the agent.
        property "Version" "const" version: String;
        /// Version of the contract.
        property "ApiVersion" "const" api_version: u32;
        /// What this host can do; see [`crate::wire::Capabilities`].
        property "Capabilities" "true" capabilities: Dict;
    }
}
