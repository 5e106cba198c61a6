//! Calls that cannot be right; each has to be answered, with a typed error.

use dillinger_runner_api::Error;
use dillinger_runner_api::names::{BUS_NAME, ERROR_PREFIX, JOB_INTERFACE, MANAGER_INTERFACE, MANAGER_PATH};
use dillinger_runner_api::names::{PREFIXES_INTERFACE, SAVES_INTERFACE, SESSION_INTERFACE, session_path};
use dillinger_runner_api::proxy::Options;
use dillinger_runner_core::request::KEYS;
use serde::Serialize;
use zbus::{Connection, DynamicType, ObjectPath, Variant};

/// Methods with arguments; of a call to another one nobody reads any.
const MANAGER_METHODS: [&str; 5] = ["StartSession", "Explain", "GetSession", "ListEnded", "PrepareImage"];
const SESSION_METHODS: [&str; 5] = ["Stop", "Kill", "SetLimits", "WatchMetrics", "OpenLog"];
const PREFIXES_METHODS: [&str; 6] =
    ["GetPrefix", "SnapshotPrefix", "RollbackPrefix", "ExportPrefix", "ImportPrefix", "RemovePrefix"];
const SAVES_METHODS: [&str; 2] = ["ExportSaves", "ImportSaves"];
/// Errors that the bus itself defines for calls that no object takes.
const STANDARD: [&str; 6] =
    ["InvalidArgs", "UnknownMethod", "UnknownObject", "UnknownInterface", "UnknownProperty", "PropertyReadOnly"];

/// Whom to call.
pub(crate) struct Calls<'a> {
    pub(crate) bus: &'a Connection,
    pub(crate) session: &'a str,
}

/// Values of every kind, each wrong for most keys.
fn values() -> Vec<Variant<'static>> {
    let nested = (0..20).fold(Variant::from("deep"), |inner, _| Variant::Variant(Box::new(inner)));
    let structure = ("a", 1u32, vec![("b", Variant::from(2i64))]);
    vec![
        "".into(),
        "\u{1}\u{7f}\u{85}\n\r\t".into(),
        "../../etc/passwd".into(),
        true.into(),
        7u8.into(),
        (-1i16).into(),
        7u16.into(),
        i32::MIN.into(),
        u32::MAX.into(),
        i64::MIN.into(),
        u64::MAX.into(),
        f64::NAN.into(),
        ObjectPath::try_from("/a/b").unwrap().into(),
        Vec::<String>::new().into(),
        vec![0u8; 100].into(),
        vec![vec!["a"]].into(),
        vec![("a", "b")].into(),
        vec![("a", "b", "c")].into(),
        structure.into(),
        Options::from([("a", Variant::from(1u8))]).into_iter().collect::<std::collections::HashMap<_, _>>().into(),
        nested,
    ]
}

impl Calls<'_> {
    async fn call<B>(&self, path: &str, interface: &str, method: &str, body: &B) -> Result<(), String>
    where
        B: Serialize + DynamicType,
    {
        let Err(error) = self.bus.call_method(Some(BUS_NAME), path, Some(interface), method, body).await else {
            return Ok(());
        };
        let error = Error::ZBus(error);
        let (name, text) = (error.full_name(), error.message());
        let standard = name.strip_prefix("org.freedesktop.DBus.Error.").is_some_and(|name| STANDARD.contains(&name));
        assert!(standard || name.starts_with(ERROR_PREFIX), "{method}: {name}: {text:.200}");
        assert!(!text.is_empty() && text != name, "{method}: {name} says nothing");
        Err(name.rsplit('.').next().unwrap_or_default().to_owned())
    }

    async fn manager<B>(&self, method: &str, body: &B) -> Result<(), String>
    where
        B: Serialize + DynamicType,
    {
        self.call(MANAGER_PATH, MANAGER_INTERFACE, method, body).await
    }

    /// Every method with bodies of other types than its own.
    pub(crate) async fn wrong_bodies(&self) {
        let managers = MANAGER_METHODS.map(|method| (MANAGER_PATH, MANAGER_INTERFACE, method));
        let sessions = SESSION_METHODS.map(|method| (self.session, SESSION_INTERFACE, method));
        let prefixes = PREFIXES_METHODS.map(|method| (MANAGER_PATH, PREFIXES_INTERFACE, method));
        let saves = SAVES_METHODS.map(|method| (MANAGER_PATH, SAVES_INTERFACE, method));
        for (path, interface, method) in managers.into_iter().chain(sessions).chain(prefixes).chain(saves) {
            for value in values() {
                let three = self.call(path, interface, method, &(value, "another", 7u8)).await;
                assert_eq!(three.unwrap_err(), "InvalidArgs", "{method}");
            }
            assert_eq!(self.call(path, interface, method, &()).await.unwrap_err(), "InvalidArgs", "{method}");
            let bytes = self.call(path, interface, method, &vec![1u8; 3]).await;
            assert_eq!(bytes.unwrap_err(), "InvalidArgs", "{method}");
        }
    }

    /// Every key with values of every type, in every place that takes keys.
    pub(crate) async fn wrong_values(&self) {
        let keys = KEYS.iter().map(|(key, _)| *key).chain(["", "Speed", "\u{1}", "Id ", "id", "Limit", "Follow"]);
        for key in keys {
            for value in values() {
                let given = Options::from([(key, value)]);
                let started = self.manager("StartSession", &given).await;
                assert!(started.is_err(), "{given:?} started a session");
                let _ = self.manager("Explain", &given).await;
                let _ = self.manager("ListEnded", &given).await;
                let _ = self.manager("PrepareImage", &("\u{1}", &given)).await;
                for method in ["SetLimits", "Stop", "OpenLog"] {
                    let _ = self.call(self.session, SESSION_INTERFACE, method, &given).await;
                }
            }
        }
    }

    /// Objects, interfaces, methods and properties that are not there.
    pub(crate) async fn wrong_objects(&self) {
        let absent = session_path("ffffffffffffffffffffffffffffffff").unwrap();
        let paths = ["/", "/a", absent.as_str(), "/org/dillinger/Runner1/session/s1", "/org/dillinger/Runner1/job/j0"];
        for path in paths {
            for (interface, method) in [(SESSION_INTERFACE, "Stop"), (JOB_INTERFACE, "Cancel")] {
                assert!(self.call(path, interface, method, &()).await.is_err(), "{path}");
            }
        }
        for path in [MANAGER_PATH, self.session] {
            assert!(self.call(path, "a.b", "C", &()).await.is_err());
            for interface in [MANAGER_INTERFACE, SESSION_INTERFACE, "a.b"] {
                assert!(self.call(path, interface, "Explode", &()).await.is_err());
                let properties = "org.freedesktop.DBus.Properties";
                assert!(self.call(path, properties, "Get", &(interface, "Explosion")).await.is_err());
                for name in ["Version", "Title", "Explosion"] {
                    let value = Variant::from("x");
                    assert!(self.call(path, properties, "Set", &(interface, name, value)).await.is_err());
                }
            }
        }
    }

    /// Names of prefixes and saves beyond all measure.
    async fn huge_names(&self, long: &str, keys: &Options<'_>) {
        let prefixes = async |method: &str, expected: &str| {
            assert_eq!(self.call(MANAGER_PATH, PREFIXES_INTERFACE, method, &long).await.unwrap_err(), expected);
        };
        for method in ["GetPrefix", "ExportPrefix", "RemovePrefix"] {
            prefixes(method, "NoSuchPrefix").await;
        }
        let body = ("doom", keys);
        let refused = self.call(MANAGER_PATH, PREFIXES_INTERFACE, "SnapshotPrefix", &body).await;
        assert_eq!(refused.unwrap_err(), "UnknownKey");
        let refused = self.call(MANAGER_PATH, SAVES_INTERFACE, "ExportSaves", &long).await;
        assert_eq!(refused.unwrap_err(), "NoSuchSaves");
        let zeros = std::fs::File::open("/dev/zero").unwrap();
        for (interface, method) in [(PREFIXES_INTERFACE, "ImportPrefix"), (SAVES_INTERFACE, "ImportSaves")] {
            let refused = self.call(MANAGER_PATH, interface, method, &(long, zbus::Fd::from(&zeros))).await;
            assert_eq!(refused.unwrap_err(), "InvalidRequest", "{method}");
            // An archive of nothing that never ends.
            let refused = self.call(MANAGER_PATH, interface, method, &("doom", zbus::Fd::from(&zeros))).await;
            assert_eq!(refused.unwrap_err(), "InvalidRequest", "{method}");
        }
    }

    /// Values beyond all measure.
    pub(crate) async fn huge(&self) {
        let long = "x".repeat(10 << 20);
        let many: Vec<&str> = vec!["x"; 100_000];
        let names: Vec<String> = (0..10_000).map(|number| format!("Key{number}")).collect();
        let keys: Options<'_> = names.iter().map(|name| (name.as_str(), Variant::from(1u8))).collect();
        let invalid = |result: Result<(), String>| assert_eq!(result.unwrap_err(), "InvalidRequest");
        for method in ["StartSession", "Explain"] {
            for key in ["Title", "Image", "Library", "Id", "Saves", "Network"] {
                invalid(self.manager(method, &Options::from([(key, long.as_str().into())])).await);
            }
            for key in ["Command", "Environment", "Gpus"] {
                invalid(self.manager(method, &Options::from([(key, many.clone().into())])).await);
                invalid(self.manager(method, &Options::from([(key, vec![long.as_str()].into())])).await);
            }
            let triples: Vec<(&str, &str, &str)> = vec![("/a", "/b", "ro"); 100_000];
            invalid(self.manager(method, &Options::from([("Mounts", triples.into())])).await);
            assert_eq!(self.manager(method, &keys).await.unwrap_err(), "UnknownKey");
            assert_eq!(
                self.manager(method, &Options::from([(long.as_str(), 1u8.into())])).await.unwrap_err(),
                "UnknownKey"
            );
        }
        assert_eq!(self.manager("ListEnded", &keys).await.unwrap_err(), "UnknownKey");
        invalid(self.manager("GetSession", &long.as_str()).await);
        let _ = self.manager("PrepareImage", &(long.as_str(), &Options::new())).await;
        for method in ["SetLimits", "OpenLog", "Stop"] {
            let refused = self.call(self.session, SESSION_INTERFACE, method, &keys).await;
            assert_eq!(refused.unwrap_err(), "UnknownKey", "{method}");
        }
        self.huge_names(&long, &keys).await;
        let cursor = Options::from([("Cursor", long.as_str().into())]);
        invalid(self.call(self.session, SESSION_INTERFACE, "OpenLog", &cursor).await);
    }
}
