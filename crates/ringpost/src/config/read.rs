//! From a file and the environment to [`Settings`].

use std::path::Path;

use figment::Figment;
use figment::providers::{Env, Serialized};
use toml::{Table, Value};

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
    let mut table: Table = toml::from_str(text).map_err(|error| wrong(vec![syntax(&error)]))?;
    let mut ignored: Vec<String> = Vec::new();
    let mut mistakes = Vec::new();
    // The reader stops at the first key that does not fit: it is noted, left
    // out, and the rest read again, until nothing is left that does not fit.
    loop {
        match extract(&table, &ignored) {
            Ok(config) if mistakes.is_empty() => {
                return Settings::from_config(config)
                    .map_err(|found| wrong(found.into_iter().map(placed).collect()));
            }
            Ok(_) => return Err(wrong(mistakes)),
            Err(error) => {
                let mut left_out = false;
                for mistake in from_figment(*error) {
                    left_out |= match &mistake.variable {
                        Some(variable) => leave_out_variable(&mut ignored, variable),
                        None => leave_out(&mut table, &mistake.key),
                    };
                    mistakes.push(mistake);
                }
                if !left_out {
                    return Err(wrong(mistakes));
                }
            }
        }
    }
}

fn extract(table: &Table, ignored: &[String]) -> Result<Config, Box<figment::Error>> {
    let ignored: Vec<&str> = ignored.iter().map(String::as_str).collect();
    // Only names with a section: RINGPOST_CONFIG and the like are no keys.
    let environment = Env::prefixed("RINGPOST_")
        .filter(|name| name.as_str().contains("__"))
        .ignore(&ignored)
        .split("__")
        .lowercase(true);
    let figment = Figment::new().merge(Serialized::defaults(table)).merge(environment);
    figment.extract().map_err(Box::new)
}

/// A value that the environment has set is wrong there and not in the file.
fn placed(mistake: Mistake) -> Mistake {
    let variable = format!("RINGPOST_{}", mistake.key.replace('.', "__").to_uppercase());
    let is_set = std::env::var_os(&variable).is_some();
    Mistake { variable: is_set.then_some(variable), ..mistake }
}

/// What a text that is no TOML has to hear.
fn syntax(error: &toml::de::Error) -> Mistake {
    Mistake::new("", error.to_string().trim().to_owned())
}

fn leave_out_variable(ignored: &mut Vec<String>, variable: &str) -> bool {
    let name = variable.trim_start_matches("RINGPOST_").to_lowercase();
    let new = !ignored.contains(&name);
    ignored.push(name);
    new
}

/// Takes `section.key` or `subscriber.1.key` out; a value deeper than there are
/// tables goes with its key.
fn leave_out(table: &mut Table, key: &str) -> bool {
    match key.split_once('.') {
        None => table.remove(key).is_some(),
        Some((first, rest)) => match table.get_mut(first) {
            Some(Value::Table(section)) => leave_out(section, rest),
            Some(Value::Array(tables)) if tables.iter().any(Value::is_table) => {
                let Some((index, rest)) = rest.split_once('.') else {
                    return table.remove(first).is_some();
                };
                let index = index.parse::<usize>().ok();
                let nth = index.and_then(|index| tables.get_mut(index)?.as_table_mut());
                nth.is_some_and(|nth| leave_out(nth, rest))
            }
            Some(_) => table.remove(first).is_some(),
            None => false,
        },
    }
}
