//! What is wrong with a configuration, in sentences that say what to do.

use std::fmt;
use std::path::Path;

use figment::error::{Actual, Kind};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Key with its section, such as `sip.listen`; empty when it is the file.
    pub key: String,
    /// The sentence.
    pub sentence: String,
    /// The environment variable that set the value, where one did.
    pub variable: Option<String>,
}

impl Mistake {
    /// A mistake in the value of `key`.
    pub fn new(key: impl Into<String>, sentence: impl Into<String>) -> Self {
        Self { key: key.into(), sentence: sentence.into(), variable: None }
    }
}

/// Everything that is wrong, found in one reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Name of the file, as given.
    pub file: String,
    /// In the order of their lines, those without a line last.
    pub mistakes: Vec<(Mistake, Option<usize>)>,
}

impl ConfigError {
    /// Finds the line of each mistake in `text`, so that an editor can go there.
    pub fn new(file: &Path, text: &str, mistakes: Vec<Mistake>) -> Self {
        let mut mistakes: Vec<(Mistake, Option<usize>)> = mistakes
            .into_iter()
            .map(|mistake| {
                let in_file = mistake.variable.is_none();
                let line = if in_file { line_of(text, &mistake.key) } else { None };
                (mistake, line)
            })
            .collect();
        mistakes.sort_by_key(|(_, line)| line.unwrap_or(usize::MAX));
        Self { file: file.display().to_string(), mistakes }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (mistake, line)) in self.mistakes.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            match &mistake.variable {
                Some(variable) => write!(f, "environment variable {variable}")?,
                None => write!(f, "{}", self.file)?,
            }
            if let Some(line) = line {
                write!(f, ", line {line}")?;
            }
            if mistake.key.is_empty() {
                write!(f, ": {}", mistake.sentence)?;
            } else {
                write!(f, ": {}: {}", mistake.key, mistake.sentence)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// What figment found, in our words.
pub fn from_figment(error: figment::Error) -> Vec<Mistake> {
    error.into_iter().map(one).collect()
}

fn one(error: figment::Error) -> Mistake {
    let mut key = error.path.clone();
    let sentence = match &error.kind {
        Kind::UnknownField(field, expected) => {
            if key.last().is_none_or(|last| last != field) {
                key.push(field.clone());
            }
            unknown_key(field, expected)
        }
        Kind::InvalidType(actual, expected) => {
            format!("{} stands here, but {} is wanted", said(actual), wanted(expected))
        }
        Kind::InvalidValue(actual, expected) => {
            format!("{} is out of range; {} is wanted", said(actual), wanted(expected))
        }
        Kind::Message(text) if text.contains("Mailboxes") => {
            "an address or a list of addresses is wanted".to_owned()
        }
        Kind::Message(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let from_environment =
        error.metadata.as_ref().is_some_and(|metadata| metadata.name.contains("environment"));
    let variable = from_environment.then(|| format!("RINGPOST_{}", key.join("__").to_uppercase()));
    Mistake { variable, ..Mistake::new(key.join("."), sentence) }
}

/// The sentence for a key that does not exist, with the nearest that does.
pub fn unknown_key(key: &str, expected: &[&str]) -> String {
    let nearest = expected
        .iter()
        .map(|known| (strsim::damerau_levenshtein(key, known), known))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, known)| *distance <= 1 + known.len() / 3);
    match nearest {
        Some((_, known)) => format!("there is no such key; did you mean \"{known}\"?"),
        None => format!("there is no such key; here may stand: {}", expected.join(", ")),
    }
}

fn said(actual: &Actual) -> String {
    match actual {
        Actual::Str(text) => format!("the text \"{text}\""),
        Actual::Bool(value) => format!("{value}"),
        Actual::Unsigned(number) => format!("the number {number}"),
        Actual::Signed(number) => format!("the number {number}"),
        Actual::Float(number) => format!("the number {number}"),
        Actual::Seq => "a list".into(),
        Actual::Map => "a table".into(),
        other => format!("{other}"),
    }
}

fn wanted(expected: &str) -> String {
    match expected {
        "a string" | "a borrowed string" | "path string" => "a text in quotes".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list in [ ]".into(),
        "usize" | "u8" | "u16" | "u32" | "u64" => "a whole number, 0 or more,".into(),
        "f64" => "a number".into(),
        text if text.starts_with("struct") => "a table".into(),
        text => text.to_owned(),
    }
}

/// The line on which `key` (`section.key`, `subscriber.1.key`, `sip.peer.0.key`)
/// stands.
fn line_of(text: &str, key: &str) -> Option<usize> {
    if key.is_empty() {
        return None;
    }
    let mut path: Vec<&str> = key.split('.').collect();
    let nth = path
        .iter()
        .position(|part| part.parse::<usize>().is_ok())
        .map(|at| path.remove(at).parse::<usize>().unwrap_or(0));
    let last = path.pop()?;
    let section = (!path.is_empty()).then(|| path.join("."));
    let section = section.as_deref();
    let mut inside: Option<&str> = None;
    let mut tables_seen = 0usize;
    let mut header = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_start_matches('[').split(']').next().unwrap_or("").trim();
            inside = Some(name);
            if Some(name) == section || (section.is_none() && name == last) {
                if nth.is_none_or(|nth| nth == tables_seen) {
                    header = Some(index + 1);
                }
                tables_seen += 1;
            }
            continue;
        }
        let here = inside == section && nth.is_none_or(|nth| nth + 1 == tables_seen);
        let name = line.split('=').next().unwrap_or("").trim();
        if here && line.contains('=') && name.trim_matches('"') == last {
            return Some(index + 1);
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_key_is_found() {
        let text =
            "[sip]\nlisten = []\n\n[[subscriber]]\nuser = \"a\"\n[[subscriber]]\nuser = \"b\"\n";
        assert_eq!(line_of(text, "sip.listen"), Some(2));
        assert_eq!(line_of(text, "subscriber.1.user"), Some(7));
        assert_eq!(line_of(text, "subscriber.1.mail"), Some(6));
        assert_eq!(line_of(text, "sip"), Some(1));
        assert_eq!(line_of(text, "mail.from"), None);
    }

    #[test]
    fn a_misspelt_key_gets_the_nearest_right_one() {
        assert_eq!(
            unknown_key("lisen", &["listen", "peers"]),
            "there is no such key; did you mean \"listen\"?"
        );
        assert_eq!(
            unknown_key("colour", &["listen", "peers"]),
            "there is no such key; here may stand: listen, peers"
        );
    }
}
