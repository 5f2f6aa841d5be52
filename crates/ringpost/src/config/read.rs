//! From a file and the environment to [`Settings`].

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Format, Toml};

use super::mistake::from_figment;
use super::{Config, ConfigError, Mistake, Settings};

/// Where the configuration is looked for when none is named.
pub const DEFAULT_FILE: &str = "/etc/ringpost/ringpost.toml";

/// Reads `file`, lays `RINGPOST_SECTION__KEY` of the environment over it and
/// checks everything that can be checked without connecting to anybody.
///
/// # Errors
/// All mistakes found, each with its line where it has one.
pub fn read(file: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        let sentence = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file; name one with --config FILE, \
                 or copy deploy/ringpost.toml there"
                .to_owned(),
            std::io::ErrorKind::InvalidData => "the file is not UTF-8 text".to_owned(),
            _ => format!("the file cannot be read: {error}"),
        };
        ConfigError::new(file, "", vec![Mistake::new("", sentence)])
    })?;
    parse(file, &text)
}

/// The same for a text that is at hand; `file` only names it.
///
/// # Errors
/// As [`read`].
pub fn parse(file: &Path, text: &str) -> Result<Settings, ConfigError> {
    let wrong = |mistakes| ConfigError::new(file, text, mistakes);
    // Only names with a section: RINGPOST_CONFIG and the like are no keys.
    let environment = Env::prefixed("RINGPOST_")
        .filter(|name| name.as_str().contains("__"))
        .split("__")
        .lowercase(true);
    let config: Config = Figment::new()
        .merge(Toml::string(text))
        .merge(environment)
        .extract()
        .map_err(|error| wrong(from_figment(error)))?;
    Settings::from_config(config).map_err(wrong)
}
