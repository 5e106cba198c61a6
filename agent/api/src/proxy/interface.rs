//! One definition of an interface that gives its zbus proxy and, for the comparison with the
//! contract, its introspection XML.

/// Defines `$proxy`, the proxy of an interface, from the D-Bus names, Rust names and types of its
/// methods, signals and properties. Each property has the value of its `EmitsChangedSignal`
/// annotation after its name.
macro_rules! interface {
    (
        $(#[$doc:meta])*
        $proxy:ident = trait $ident:ident $interface:tt ($($default:tt)*);
        methods { $(
            $(#[$mdoc:meta])*
            method $mname:tt $method:ident ($($arg:ident : $argty:ty),*) -> ($($out:ident : $outty:ty),*);
        )* }
        signals { $(
            $(#[$sdoc:meta])*
            signal $sname:tt $signal:ident ($($sarg:ident : $sargty:ty),*);
        )* }
        properties { $(
            $(#[$pdoc:meta])*
            property $pname:tt $emits:tt $property:ident : $pty:ty;
        )* }
    ) => {
        $(#[$doc])*
        #[zbus::proxy(interface = $interface, default_service = "org.dillinger.Runner1" $($default)*)]
        pub trait $ident {
            $(
                $(#[$mdoc])*
                #[zbus(name = $mname)]
                fn $method(&self, $($arg: $argty),*) -> $crate::proxy::Result<($($outty),*)>;
            )*
            $(
                $(#[$sdoc])*
                #[zbus(signal, name = $sname)]
                fn $signal(&self, $($sarg: $sargty),*) -> zbus::Result<()>;
            )*
            $(
                $(#[$pdoc])*
                #[zbus(property(emits_changed_signal = $emits), name = $pname)]
                fn $property(&self) -> $crate::proxy::Result<$pty>;
            )*
        }

        #[cfg(test)]
        impl $proxy<'_> {
            /// What this proxy takes the interface to be.
            pub(crate) fn introspection() -> String {
                #[allow(unused_imports, reason = "an interface may have neither methods nor signals")]
                use std::fmt::Write;
                let mut xml = format!("<node><interface name=\"{}\">", $interface);
                $(
                    write!(xml, "<method name=\"{}\">", $mname).unwrap();
                    $( $crate::proxy::interface::arg::<$argty>(&mut xml, stringify!($arg), "in"); )*
                    $( $crate::proxy::interface::arg::<$outty>(&mut xml, stringify!($out), "out"); )*
                    xml.push_str("</method>");
                )*
                $(
                    write!(xml, "<signal name=\"{}\">", $sname).unwrap();
                    $( $crate::proxy::interface::arg::<$sargty>(&mut xml, stringify!($sarg), ""); )*
                    xml.push_str("</signal>");
                )*
                $( $crate::proxy::interface::property::<$pty>(&mut xml, $pname, $emits); )*
                xml + "</interface></node>"
            }
        }
    };
}
pub(crate) use interface;

#[cfg(test)]
pub(crate) fn arg<T: zbus::Type>(xml: &mut String, name: &str, direction: &str) {
    use std::fmt::Write;
    write!(xml, "<arg name=\"{name}\" type=\"{}\"", T::SIGNATURE).unwrap();
    if !direction.is_empty() {
        write!(xml, " direction=\"{direction}\"").unwrap();
    }
    xml.push_str("/>");
}

#[cfg(test)]
pub(crate) fn property<T: zbus::Type>(xml: &mut String, name: &str, emits: &str) {
    use std::fmt::Write;
    write!(
        xml,
        "<property name=\"{name}\" type=\"{}\" access=\"read\"><annotation name=\"{}\" value=\"{emits}\"/></property>",
        T::SIGNATURE,
        crate::contract::EMITS_CHANGED,
    )
    .unwrap();
}
