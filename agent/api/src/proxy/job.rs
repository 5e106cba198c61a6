//! `org.dillinger.Runner1.Job`

use super::interface::interface;

interface! {
    /// Work that takes a while.
    JobProxy = trait Job "org.dillinger.Runner1.Job" ();
    methods {
        /// Asks the job to stop.
        method "Cancel" cancel() -> ();
    }
    signals {}
    properties {
        /// `prepare-image`
        property "Kind" "const" kind: String;
        /// The image, as the caller named it.
        property "Image" "const" image: String;
        /// `running`, `done`, `failed` or `canceled`
        property "State" "true" state: String;
        /// `looking`, `pulling`, `prewarming`, `template` or `finished`
        property "Phase" "true" phase: String;
        /// Share that is done, 0.0 to 1.0.
        property "Progress" "true" progress: f64;
        /// Bytes pulled so far.
        property "BytesDone" "true" bytes_done: u64;
        /// Bytes to pull; 0 if unknown.
        property "BytesTotal" "true" bytes_total: u64;
        /// D-Bus error name of a failed job.
        property "ErrorName" "true" error_name: String;
        /// One line for people, of a failed job.
        property "ErrorMessage" "true" error_message: String;
    }
}
