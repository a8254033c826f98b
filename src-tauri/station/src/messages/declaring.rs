//! How messages are declared and filled in.

use crate::api::ErrorKind;

/// What a message says, before its values are filled in.
pub(super) struct Entry {
    pub(super) code: &'static str,
    pub(super) kind: ErrorKind,
    pub(super) retry: bool,
    pub(super) message: &'static str,
    pub(super) hint: &'static str,
}

/// Declares the codes and what each of them says.
macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $kind:ident, $retry:literal,
        $message:literal, $hint:literal;)*) => {
        /// A message of the station.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every message.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable code.
            #[must_use]
            pub const fn name(self) -> &'static str {
                self.entry().code
            }

            /// The message of this name, where it needs no values.
            #[must_use]
            pub fn without_values(name: &str) -> Option<Self> {
                let mut all = Self::ALL.iter().copied().filter(|code| code.name() == name);
                all.find(|code| {
                    let entry = code.entry();
                    !entry.message.contains('{') && !entry.hint.contains('{')
                })
            }

            const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        code: $code,
                        kind: ErrorKind::$kind,
                        retry: $retry,
                        message: $message,
                        hint: $hint,
                    },)*
                }
            }
        }
    };
}

/// Puts each value where its name stands.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            continue;
        };
        let value = values.iter().find(|(key, _)| *key == name);
        filled.push_str(value.map_or("?", |(_, value)| value));
        rest = tail;
    }
    filled.push_str(rest);
    filled
}
