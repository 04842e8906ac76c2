//! How messages and enumerations are declared.

/// Declares messages by their fields, in the order of their numbers in MLflow's `.proto` files, which is
/// the order that MLflow prints them in. A field of a plain type is required; one marked `(default)` is not.
/// What is wrong with one marked `(first)` is told before what is wrong with others, as MLflow does.
macro_rules! messages {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[$note:meta])* $field:ident $(($mark:ident))? : $kind:ty, )*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name {
            $( $(#[$note])* pub $field: $kind, )*
        }

        impl $crate::rest::Wire for $name {
            fn read(
                value: serde_json::Value,
                place: &$crate::rest::Place<'_>,
            ) -> Result<Self, $crate::Error> {
                let mut fields = $crate::rest::wire::Fields::of(value, place)?;
                $( let $field: Result<$kind, $crate::Error> = fields.take(
                    $crate::rest::message::plain(stringify!($field)),
                    $crate::rest::message::absent!($($mark)?),
                ); )*
                $( let $field = $crate::rest::message::checked!($field $($mark)?); )*
                Ok(Self { $( $field: $field?, )* })
            }

            fn write(&self, out: &mut String) {
                let mut object = $crate::rest::wire::Object::begin(out);
                $( object.field($crate::rest::message::plain(stringify!($field)), &self.$field); )*
                object.end();
            }
        }

        impl $crate::rest::Message for $name {
            const FIELDS: &'static [(&'static str, $crate::rest::Kind)] = &[
                $( ($crate::rest::message::plain(stringify!($field)), <$kind as $crate::rest::Wire>::KIND), )*
            ];

            fn pairs(&self) -> Vec<(&'static str, String)> {
                let mut pairs = Vec::new();
                $(
                    let mut texts = Vec::new();
                    $crate::rest::Wire::texts(&self.$field, &mut texts);
                    let name = $crate::rest::message::plain(stringify!($field));
                    pairs.extend(texts.into_iter().map(|text| (name, text)));
                )*
                pairs
            }
        }
    )*};
}

/// The name of a field that may be a word of Rust's, such as `r#type`.
pub(crate) const fn plain(name: &'static str) -> &'static str {
    match name.as_bytes() {
        [b'r', b'#', ..] => name.split_at(2).1,
        _ => name,
    }
}

/// Declares a message without fields: `{}`.
macro_rules! empty {
    ($(#[$meta:meta])* pub struct $name:ident;) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl $crate::rest::Wire for $name {
            fn read(
                value: serde_json::Value,
                place: &$crate::rest::Place<'_>,
            ) -> Result<Self, $crate::Error> {
                if value.is_object() { Ok(Self) } else { Err(place.wrong(&value, "")) }
            }

            fn write(&self, out: &mut String) {
                out.push_str("{}");
            }
        }

        impl $crate::rest::Message for $name {
            const FIELDS: &'static [(&'static str, $crate::rest::Kind)] = &[];

            fn pairs(&self) -> Vec<(&'static str, String)> {
                Vec::new()
            }
        }
    };
}

/// What stands for a field that is not there.
macro_rules! absent {
    () => {
        $crate::rest::Wire::absent
    };
    (first) => {
        $crate::rest::Wire::absent
    };
    (default) => {
        |_| Ok(Default::default())
    };
}

/// A field that was read; the error of one that is told first ends the reading.
macro_rules! checked {
    ($field:ident first) => {
        Ok::<_, $crate::Error>($field?)
    };
    ($field:ident $($mark:ident)?) => {
        $field
    };
}

/// Declares an enumeration: a name and a number for each value. The first is the default, as in Protocol
/// Buffers. Names are printed, names and numbers are read.
macro_rules! names {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident {
            $(#[$first_note:meta])* $first:ident = ($first_text:literal, $first_number:literal),
            $( $(#[$note:meta])* $value:ident = ($text:literal, $number:literal), )*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[$first_note])* #[default] $first,
            $( $(#[$note])* $value, )*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[Self::$first, $( Self::$value, )*];

            /// The name that is printed.
            pub const fn name(self) -> &'static str {
                match self {
                    Self::$first => $first_text,
                    $( Self::$value => $text, )*
                }
            }

            /// The number in MLflow's `.proto` files.
            pub const fn number(self) -> i32 {
                match self {
                    Self::$first => $first_number,
                    $( Self::$value => $number, )*
                }
            }

            /// The value with a name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl $crate::rest::Wire for $name {
            fn read(
                value: serde_json::Value,
                place: &$crate::rest::Place<'_>,
            ) -> Result<Self, $crate::Error> {
                let numbered = |number: Option<i64>| {
                    Self::ALL.iter().copied().find(|value| number == Some(value.number().into()))
                };
                let found = match &value {
                    // in a query a number is a text too
                    serde_json::Value::String(name) => {
                        Self::parse(name).or_else(|| numbered(name.parse().ok()))
                    }
                    serde_json::Value::Number(number) => numbered(number.as_i64()),
                    _ => None,
                };
                found.ok_or_else(|| {
                    let names: Vec<_> = Self::ALL.iter().map(|value| value.name()).collect();
                    place.wrong(&value, &format!("It must be one of {}.", names.join(", ")))
                })
            }

            fn write(&self, out: &mut String) {
                $crate::text::quote(self.name(), out);
            }

            fn texts(&self, out: &mut Vec<String>) {
                out.push(self.name().to_owned());
            }
        }
    )*};
}

pub(crate) use {absent, checked, empty, messages, names};
