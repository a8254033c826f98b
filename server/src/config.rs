//! `config.toml`: the few things about a data center that depend on where it runs.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::folder::{FileFault, Folder, read_small, write_private};

/// The configuration of one data center.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Host names and addresses, beside localhost, under which stations reach the data center:
    /// they stand in its TLS certificate.
    #[serde(default)]
    pub names: Vec<String>,
    /// Where new signing keys are made, when not in the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenPlace>,
    /// Whose packages stations install: the public key of the platform's updater, as its signer wrote
    /// it. With it a package is judged before it is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_key: Option<String>,
}

/// A PKCS #11 token. Its PIN is never written down here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenPlace {
    /// The library that speaks with it.
    pub library: PathBuf,
    /// The token's label.
    pub label: String,
}

/// Why the configuration could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileFault),
    /// The file is not TOML or has unknown settings.
    #[error("config.toml cannot be understood")]
    Malformed(#[source] toml::de::Error),
    /// The settings cannot be written as TOML.
    #[error("the configuration cannot be written as TOML")]
    Unwritable(#[source] toml::ser::Error),
}

impl Config {
    /// Reads the configuration of a folder.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(folder: &Folder) -> Result<Self, ConfigError> {
        let bytes = read_small(&folder.config())?;
        let text = String::from_utf8_lossy(&bytes);
        toml::from_str(&text).map_err(ConfigError::Malformed)
    }

    /// Writes the configuration of a folder.
    ///
    /// # Errors
    /// [`ConfigError::File`].
    pub fn write(&self, folder: &Folder) -> Result<(), ConfigError> {
        let mut text = String::from(
            "# Host names and addresses, beside localhost, under which stations reach this\n\
             # data center. The TLS certificate is issued anew at the next start of `serve`.\n",
        );
        text.push_str(&toml::to_string(self).map_err(ConfigError::Unwritable)?);
        Ok(write_private(&folder.config(), text.as_bytes())?)
    }
}
