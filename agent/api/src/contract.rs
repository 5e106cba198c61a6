//! Strict comparison of two descriptions of the same interfaces.
//!
//! The agent's tests compare what its objects say of themselves with the XML of the contract, the
//! tests of this crate compare the proxies with it. Everything a client could notice must agree,
//! in both directions: names, counts, the order, names, types and directions of arguments, types
//! and access of properties, annotations.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use zbus_xml::{Annotation, Arg, ArgDirection, Interface, Node, PropertyAccess};

/// Name of the annotation that tells how changes of a property are announced.
pub const EMITS_CHANGED: &str = "org.freedesktop.DBus.Property.EmitsChangedSignal";

/// What of the two descriptions does not agree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Interface and member, for example `org.dillinger.Runner1.Job.Cancel`.
    pub member: String,
    /// How the first has it; `None` if it lacks it.
    pub first: Option<String>,
    /// How the second has it; `None` if it lacks it.
    pub second: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, second) = (self.first.as_deref(), self.second.as_deref());
        write!(f, "{}: {} <> {}", self.member, first.unwrap_or("absent"), second.unwrap_or("absent"))
    }
}

/// Compares two introspection documents; nested nodes are not looked at.
///
/// # Errors
/// One of the documents is not introspection XML.
pub fn compare(first: &str, second: &str) -> zbus_xml::Result<Vec<Difference>> {
    Ok(differences(&members(first, None)?, &members(second, None)?))
}

/// Compares two documents as [`compare`] does, of their interfaces only `interface`. The standard
/// interfaces that every object has are thus left out.
///
/// # Errors
/// One of the documents is not introspection XML.
pub fn compare_interface(interface: &str, first: &str, second: &str) -> zbus_xml::Result<Vec<Difference>> {
    let only = Some(interface);
    Ok(differences(&members(first, only)?, &members(second, only)?))
}

type Members = BTreeMap<String, String>;

fn differences(first: &Members, second: &Members) -> Vec<Difference> {
    let names: BTreeSet<_> = first.keys().chain(second.keys()).collect();
    names
        .into_iter()
        .filter(|name| first.get(*name) != second.get(*name))
        .map(|name| Difference {
            member: name.clone(),
            first: first.get(name).cloned(),
            second: second.get(name).cloned(),
        })
        .collect()
}

/// Names of the interfaces of a document, in its order.
///
/// # Errors
/// The document is not introspection XML.
pub fn interface_names(xml: &str) -> zbus_xml::Result<Vec<String>> {
    let node = Node::try_from(xml)?;
    Ok(node.interfaces().iter().map(|interface| interface.name().to_string()).collect())
}

/// Every member with all that belongs to it, as text. A member that comes twice has a number.
fn members(xml: &str, only: Option<&str>) -> zbus_xml::Result<Members> {
    let node = Node::try_from(xml)?;
    let mut all = BTreeMap::new();
    for interface in node.interfaces() {
        let name = interface.name().to_string();
        if only.is_some_and(|only| only != name) {
            continue;
        }
        let own = interface.annotations().map(annotation).collect::<BTreeSet<_>>();
        add(&mut all, format!("interface {name}"), format!("{own:?}"));
        add_members(&mut all, &name, interface);
    }
    Ok(all)
}

fn add_members(all: &mut Members, prefix: &str, interface: &Interface<'_>) {
    for method in interface.methods() {
        let text = described(method.args(), Some(ArgDirection::In), method.annotations());
        add(all, format!("method {prefix}.{}", method.name()), text);
    }
    for signal in interface.signals() {
        let text = described(signal.args(), Some(ArgDirection::Out), signal.annotations());
        add(all, format!("signal {prefix}.{}", signal.name()), text);
    }
    for property in interface.properties() {
        let access = match property.access() {
            PropertyAccess::Read => "read",
            PropertyAccess::Write => "write",
            PropertyAccess::ReadWrite => "readwrite",
        };
        let emits = property.annotations().iter().find(|a| a.name() == EMITS_CHANGED);
        let emits = emits.map_or("true", Annotation::value);
        let others = other_annotations(property.annotations());
        let text = format!("{} {access} {EMITS_CHANGED}={emits} {others:?}", property.ty());
        add(all, format!("property {prefix}.{}", property.name()), text);
    }
}

fn add(all: &mut Members, name: String, text: String) {
    let again = all.keys().filter(|key| key.trim_end_matches(" (again)") == name).count();
    all.insert(name + &" (again)".repeat(again), text);
}

fn described(args: &[Arg<'_>], default: Option<ArgDirection>, own: &[Annotation<'_>]) -> String {
    let args: Vec<String> = args
        .iter()
        .map(|arg| {
            let direction = arg.direction().or(default);
            let annotations = other_annotations(arg.annotations());
            format!("{direction:?} {} {:?} {annotations:?}", arg.ty(), arg.name())
        })
        .collect();
    format!("{args:?} {:?}", other_annotations(own))
}

fn other_annotations(annotations: &[Annotation<'_>]) -> BTreeSet<String> {
    annotations.iter().filter(|a| a.name() != EMITS_CHANGED).map(annotation).collect()
}

fn annotation(annotation: &Annotation<'_>) -> String {
    format!("{}={}", annotation.name(), annotation.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(members: &str) -> String {
        format!("<node><interface name=\"a.B\">{members}</interface></node>")
    }

    fn differ(first: &str, second: &str) -> usize {
        let (first, second) = (document(first), document(second));
        let there = compare(&first, &second).unwrap();
        let back = compare(&second, &first).unwrap();
        assert_eq!(there.len(), back.len(), "not symmetric");
        there.len()
    }

    #[test]
    fn notices_whatever_a_client_could_notice() {
        let method = r#"<method name="M"><arg name="a" type="s" direction="in"/><arg name="b" type="o" direction="out"/></method>"#;
        for other in [
            String::new(),
            method.replace("\"M\"", "\"N\"").repeat(2),
            method.replace("name=\"a\"", "name=\"x\""),
            method.replace(" name=\"a\"", ""),
            method.replace("\"s\"", "\"as\""),
            method.replace("\"in\"", "\"out\""),
            method.replace("</method>", "<arg name=\"c\" type=\"s\" direction=\"in\"/></method>"),
            method.replace("</method>", "<annotation name=\"a.b\" value=\"c\"/></method>"),
            method.repeat(2),
        ] {
            assert_ne!(differ(method, &other), 0, "{other}");
        }
        assert_eq!(differ(method, method), 0);
    }

    #[test]
    fn notices_properties_and_signals() {
        let property = r#"<property name="P" type="s" access="read"/>"#;
        let annotated = |value: &str| {
            let annotation = format!("><annotation name=\"{EMITS_CHANGED}\" value=\"{value}\"/></property>");
            property.replace("/>", &annotation)
        };
        assert_eq!(differ(property, &annotated("true")), 0);
        assert_eq!(differ(property, &annotated("const")), 1);
        assert_eq!(differ(property, &property.replace("\"read\"", "\"readwrite\"")), 1);
        assert_eq!(differ(property, &property.replace("\"s\"", "\"t\"")), 1);
        let signal = r#"<signal name="S"><arg name="a" type="s"/><arg name="b" type="s"/></signal>"#;
        assert_eq!(differ(signal, &signal.replace(r#"<arg name="b" type="s"/>"#, "")), 1);
        let swapped = r#"<signal name="S"><arg name="b" type="s"/><arg name="a" type="s"/></signal>"#;
        assert_eq!(differ(signal, swapped), 1);
    }

    #[test]
    fn one_interface_of_several() {
        let first = document("<method name=\"M\"/>");
        let second = "<node><interface name=\"a.B\"><method name=\"N\"/></interface><interface name=\"a.B.C\"/></node>";
        let found = compare_interface("a.B", &first, second).unwrap();
        let names: Vec<_> = found.iter().map(|difference| difference.member.as_str()).collect();
        assert_eq!(names, ["method a.B.M", "method a.B.N"]);
        assert!(compare("no xml", &first).is_err());
    }
}
