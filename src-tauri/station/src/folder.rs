//! Where a station's data lies when nobody says otherwise.

use std::env;
use std::path::PathBuf;

/// The folder a person asked for, else the platform's own place for the data of a program; `None`
/// when the account has no such place.
#[must_use]
pub fn data_folder(asked: Option<PathBuf>) -> Option<PathBuf> {
    asked.or_else(|| Some(platform_folder()?.join("pennyblack")))
}

#[cfg(target_os = "windows")]
fn platform_folder() -> Option<PathBuf> {
    absolute("LOCALAPPDATA")
}

#[cfg(target_os = "macos")]
fn platform_folder() -> Option<PathBuf> {
    Some(absolute("HOME")?.join("Library/Application Support"))
}

/// The XDG base directory specification: a relative path in the variable is to be ignored.
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
fn platform_folder() -> Option<PathBuf> {
    absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))
}

fn absolute(variable: &str) -> Option<PathBuf> {
    env::var_os(variable)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::data_folder;

    #[test]
    fn a_folder_that_was_asked_for_is_taken_as_it_is() {
        let asked = data_folder(Some("somewhere".into()));
        assert_eq!(asked, Some("somewhere".into()));
    }

    #[test]
    fn without_a_wish_the_data_lies_in_a_folder_of_its_own() {
        let folder = data_folder(None).unwrap();
        assert!(folder.is_absolute());
        assert!(folder.ends_with("pennyblack"));
    }
}
