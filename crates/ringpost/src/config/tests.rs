//! What the configuration says to an administrator: defaults and mistakes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use serde_json::Value;

use super::{Config, parse};

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn shown() -> String {
    std::fs::read_to_string(project().join("deploy/ringpost.toml")).unwrap()
}

/// The page with its `#key = value` lines and `#[section]` lines made real.
fn uncommented() -> String {
    shown()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with([' ', '#']) => rest,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn read(text: &str) -> Config {
    Figment::from(Toml::string(text)).extract().unwrap()
}

#[test]
fn what_the_deployed_page_shows_is_the_default() {
    assert_eq!(read(&shown()), Config::default());
    assert_eq!(read(""), Config::default());
}

#[test]
fn the_deployed_page_shows_every_key() {
    let everything = serde_json::to_value(read(&uncommented())).unwrap();
    let mut missing = BTreeSet::new();
    unset(&everything, "", &mut missing);
    assert_eq!(missing, BTreeSet::new(), "keys that deploy/ringpost.toml does not show");
    // Keys with a default stand there as well, each as a line of its own.
    let keys: BTreeSet<String> = uncommented()
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
        .collect();
    let mut wanted = BTreeSet::new();
    leaves(&everything, &mut wanted);
    assert_eq!(wanted.difference(&keys).collect::<Vec<_>>(), Vec::<&String>::new());
}

fn unset(value: &Value, path: &str, missing: &mut BTreeSet<String>) {
    match value {
        Value::Null => {
            missing.insert(path.to_owned());
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                unset(value, &format!("{path}.{key}"), missing);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| unset(item, path, missing)),
        _ => {}
    }
}

fn leaves(value: &Value, keys: &mut BTreeSet<String>) {
    if let Value::Object(fields) = value {
        for (key, value) in fields {
            match value {
                Value::Object(_) => leaves(value, keys),
                Value::Array(items) if items.iter().any(Value::is_object) => {
                    items.iter().for_each(|item| leaves(item, keys));
                }
                _ => {
                    keys.insert(key.clone());
                }
            }
        }
    }
}

/// Each file of tests/broken holds one mistake and, as `# says:` lines, the
/// words that the administrator must read.
#[test]
fn every_mistake_gets_its_sentence() {
    let mut seen = 0;
    for entry in std::fs::read_dir(project().join("tests/broken")).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let wanted: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# says: ")).collect();
        assert!(!wanted.is_empty(), "{} says nothing", path.display());
        let name = Path::new("ringpost.toml");
        let said = match parse(name, &text) {
            Ok(_) => panic!("{} is taken", path.display()),
            Err(error) => error.to_string(),
        };
        assert!(said.starts_with("ringpost.toml"), "{said}");
        for words in wanted {
            assert!(said.contains(words), "{}\nsaid:   {said}\nwanted: {words}", path.display());
        }
        seen += 1;
    }
    assert!(seen >= 25, "only {seen} mistakes are tried");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let error = parse(
        Path::new("ringpost.toml"),
        "[limits]\ncalls = 0\n[mail]\naudio = \"mp4\"\n[http]\nlisten = \"x\"\n",
    )
    .unwrap_err();
    assert_eq!(error.mistakes.len(), 3, "{error}");
    let error = parse(
        Path::new("ringpost.toml"),
        "[mail]\nfrm = \"a@example.com\"\n[limits]\ncals = 1\nnight = true\n[sipp]\nx = 1\n\
         [[subscriber]]\nuser = \"alice\"\nmial = \"alice@example.com\"\nmissed_calls = 3\n",
    )
    .unwrap_err();
    let lines: Vec<_> = error.mistakes.iter().map(|(_, line)| *line).collect();
    let said = error.to_string();
    assert_eq!(lines, [2, 4, 5, 6, 10, 11].map(Some), "{said}");
}

#[test]
fn a_missing_file_says_what_to_do() {
    let said = super::read(Path::new("/nowhere/ringpost.toml")).unwrap_err().to_string();
    assert_eq!(
        said,
        "/nowhere/ringpost.toml: there is no such file; name one with --config FILE, \
         or copy deploy/ringpost.toml there"
    );
}

#[test]
fn a_certificate_that_can_be_left_out_is_warned_of() {
    use ringpost_sip::{Credentials, Peer};
    let peer = |name: &str, network: &str| Peer::trusted(name, vec![network.parse().unwrap()]);
    let certified =
        Peer { certificate_names: vec!["sbc.example.com".into()], ..peer("sbc", "192.0.2.10") };
    let digest = Credentials { user: "pbx".into(), password: "x".into() };
    let open = peer("sip.peers", "192.0.2.0/24");
    let table = [
        (vec![certified.clone(), open.clone()], 1),
        (vec![open.clone(), certified.clone()], 0),
        (vec![certified.clone(), peer("sip.peers", "198.51.100.0/24")], 0),
        (vec![certified.clone(), Peer { digest: Some(digest), ..open.clone() }], 0),
        (vec![certified.clone(), certified], 0),
        (vec![open.clone(), open], 0),
    ];
    for (peers, warned) in table {
        let mut warnings = Vec::new();
        super::peers::warn_of_ways_around(&peers, &mut warnings);
        assert_eq!(warnings.len(), warned, "{warnings:?}");
    }
}
