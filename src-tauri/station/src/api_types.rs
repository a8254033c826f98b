//! TypeScript for the list of calls, so that the window cannot ask for what a station does not
//! know.
//!
//! The text is made by a function and committed at `ui/src/generated/api.ts`; a test compares the
//! two. `PENNYBLACK_UPDATE=1 cargo test -p station generated_types` rewrites the file.

use std::any::TypeId;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use ts_rs::{Config, TS, TypeVisitor};

use crate::api::{Call, Event, UiError, View};

const HEADER: &str = "\
// Generated from src-tauri/station/src/api.rs. Do not edit: change api.rs and run
// PENNYBLACK_UPDATE=1 cargo test -p station generated_types
";

/// Generates the TypeScript declarations of [`Call`], [`View`], [`Event`] and [`UiError`] and of
/// everything they are made of, in alphabetical order.
#[must_use]
pub fn generate() -> String {
    let mut declarations = Declarations::default();
    declarations.visit::<Call>();
    declarations.visit::<View>();
    declarations.visit::<Event>();
    declarations.visit::<UiError>();
    let mut text = String::from(HEADER);
    for declaration in declarations.by_name.values() {
        write!(text, "\n{declaration}").expect("writing to a String cannot fail");
    }
    text
}

/// Every type met so far; types without a declaration of their own (numbers, text, lists) are only
/// passed through.
#[derive(Default)]
struct Declarations {
    seen: HashSet<TypeId>,
    by_name: BTreeMap<String, String>,
    config: Config,
}

impl TypeVisitor for Declarations {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if !self.seen.insert(TypeId::of::<T>()) {
            return;
        }
        // Only derived types have a path; a primitive would panic when asked for a declaration.
        if T::output_path().is_some() {
            let docs = T::docs().unwrap_or_default();
            let declaration = format!("{docs}export {}\n", T::decl(&self.config));
            self.by_name.insert(T::ident(&self.config), declaration);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::generate;

    #[test]
    fn the_generated_types_match_the_calls() {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/generated/api.ts");
        let made = generate();
        if std::env::var_os("PENNYBLACK_UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &made).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert!(
            made == committed,
            "ui/src/generated/api.ts is stale: PENNYBLACK_UPDATE=1 cargo test -p station \
             generated_types"
        );
    }

    #[test]
    fn every_amount_is_a_number_and_every_call_is_there() {
        let made = generate();
        assert!(!made.contains("bigint"));
        for call in ["\"status\"", "\"enrol\"", "\"print\"", "\"verify-journal\""] {
            assert!(made.contains(call), "{call} is missing");
        }
    }
}
