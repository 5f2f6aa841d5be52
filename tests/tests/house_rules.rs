//! The rules of the house: which room may name which, who may name a vendor,
//! and what the pure rooms never touch.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ringpost_tests::binary::workspace;

/// A crate of the house, as its manifest has it.
struct Room {
    package: String,
    folder: PathBuf,
    layer: i64,
    manifest: toml::Table,
}

impl Room {
    /// Names of normal and build dependencies (tests may use what they like).
    fn dependencies(&self) -> Vec<String> {
        ["dependencies", "build-dependencies"]
            .iter()
            .filter_map(|kind| self.manifest.get(*kind)?.as_table())
            .flat_map(|table| table.keys().cloned())
            .collect()
    }

    /// Every source file that is built into the house, with its text.
    fn sources(&self) -> Vec<(PathBuf, String)> {
        let mut files = Vec::new();
        walk(&self.folder.join("src"), &mut files);
        let texts: Vec<(PathBuf, String)> = files
            .into_iter()
            .filter(|file| !is_test_file(file))
            .map(|file| (file.clone(), fs::read_to_string(&file).unwrap()))
            .collect();
        let tests: Vec<PathBuf> =
            texts.iter().flat_map(|(file, text)| test_modules(file, text)).collect();
        let is_test = |file: &Path| {
            tests
                .iter()
                .any(|module| file.starts_with(module) || file == module.with_extension("rs"))
        };
        let built = texts.into_iter().filter(|(file, _)| !is_test(file));
        built.map(|(file, text)| (file, without_tests(&text))).collect()
    }
}

fn rooms() -> Vec<Room> {
    let mut rooms = Vec::new();
    for entry in fs::read_dir(workspace().join("crates")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let manifest: toml::Table = text.parse().unwrap();
        let package = manifest["package"]["name"].as_str().unwrap().to_owned();
        let layer = manifest["package"]
            .get("metadata")
            .and_then(|metadata| metadata.get("house")?.get("layer")?.as_integer())
            .unwrap_or_else(|| panic!("{package}: no [package.metadata.house] layer"));
        rooms.push(Room { package, folder, layer, manifest });
    }
    rooms.sort_by_key(|room| (room.layer, room.package.clone()));
    rooms
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// `tests.rs` and what lies in a folder `tests` are modules behind `#[cfg(test)]`.
fn is_test_file(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

/// The folders of modules that a file declares behind `#[cfg(test)]`.
fn test_modules(file: &Path, text: &str) -> Vec<PathBuf> {
    let stem = file.file_stem().unwrap_or_default();
    let is_root = ["lib", "main", "mod"].iter().any(|root| stem == *root);
    let folder = if is_root { file.parent().unwrap().to_owned() } else { file.with_extension("") };
    let lines: Vec<&str> = text.lines().collect();
    let behind = lines.windows(2).filter(|pair| pair[0].trim() == "#[cfg(test)]");
    let names = behind.filter_map(|pair| pair[1].trim().strip_suffix(';')?.split_once("mod "));
    names.map(|(_, name)| folder.join(name)).collect()
}

/// The text without comments and without the module behind `#[cfg(test)]`,
/// which stands at the end of a file or is a file of its own.
fn without_tests(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let line = |line: &str| line.split("//").next().unwrap_or("").to_owned();
    code.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_nine_rooms_stand_in_their_layers() {
    let found: BTreeMap<String, i64> =
        rooms().into_iter().map(|room| (room.package, room.layer)).collect();
    let expected = [
        ("ringpost", 3),
        ("ringpost-sip", 2),
        ("ringpost-media", 2),
        ("ringpost-directory", 2),
        ("ringpost-delivery", 2),
        ("ringpost-call", 1),
        ("ringpost-lookup", 1),
        ("ringpost-composer", 1),
        ("ringpost-model", 0),
    ];
    let expected = expected.map(|(name, layer)| (name.to_owned(), layer));
    assert_eq!(
        found,
        BTreeMap::from(expected),
        "a new room must bring a new layer or a new vendor"
    );
}

#[test]
fn a_room_names_only_rooms_below_it() {
    let rooms = rooms();
    let layers: BTreeMap<&str, i64> =
        rooms.iter().map(|room| (room.package.as_str(), room.layer)).collect();
    for room in &rooms {
        for dependency in room.dependencies() {
            let Some(&below) = layers.get(dependency.as_str()) else { continue };
            assert!(
                below < room.layer,
                "{} (layer {}) names {dependency} (layer {below}): only lower layers may be named",
                room.package,
                room.layer
            );
        }
    }
}

#[test]
fn the_pure_rooms_never_wait() {
    let forbidden = [
        "tokio",
        "std::net::Tcp",
        "std::net::Udp",
        "TcpStream",
        "UdpSocket",
        "std::fs",
        "std::env",
        "std::process",
        "std::thread",
        "SystemTime::now",
        "Instant::now",
        "async fn",
        ".await",
    ];
    for room in rooms().iter().filter(|room| room.layer <= 1) {
        for (file, code) in room.sources() {
            for word in forbidden {
                let line = code.lines().position(|line| line.contains(word));
                if let Some(line) = line {
                    panic!(
                        "{}:{}: {word:?} in {}: layers 0 and 1 have no runtime, socket, file, \
                         environment or clock",
                        file.display(),
                        line + 1,
                        room.package
                    );
                }
            }
        }
    }
}

#[test]
fn a_vendor_stays_behind_its_fence() {
    let fences: [(&str, &[&str]); 14] = [
        ("rsip", &["ringpost-sip"]),
        ("hound", &["ringpost-media"]),
        ("audio-codec", &["ringpost-media"]),
        ("rubato", &["ringpost-media"]),
        ("ldap3", &["ringpost-directory"]),
        ("calcard", &["ringpost-directory"]),
        ("lettre", &["ringpost-delivery"]),
        ("sqlx", &["ringpost-directory", "ringpost-delivery"]),
        ("mail-builder", &["ringpost-composer"]),
        ("rlibphonenumber", &["ringpost-lookup"]),
        ("quick-xml", &["ringpost-call"]),
        ("clap", &["ringpost"]),
        ("axum", &["ringpost"]),
        ("figment", &["ringpost"]),
    ];
    for room in rooms() {
        for dependency in room.dependencies() {
            let Some((_, allowed)) = fences.iter().find(|(vendor, _)| *vendor == dependency) else {
                continue;
            };
            assert!(
                allowed.contains(&room.package.as_str()),
                "{} names {dependency}, which stands behind the fence of {allowed:?}",
                room.package
            );
        }
    }
}

#[test]
fn no_vendor_type_crosses_a_border() {
    // A public re-export of a vendor would carry it into the house.
    let vendors = ["rsip", "ldap3", "lettre", "sqlx", "hound", "rubato", "calcard"];
    for room in rooms() {
        for (file, code) in room.sources() {
            for vendor in vendors {
                for shape in [format!("pub use {vendor}"), format!("pub extern crate {vendor}")] {
                    assert!(!code.contains(&shape), "{}: {shape}", file.display());
                }
            }
        }
    }
}

#[test]
fn only_the_house_reads_the_configuration_file() {
    for room in rooms().iter().filter(|room| room.layer < 3) {
        for (file, code) in room.sources() {
            for word in ["figment", "env::var", "ringpost.toml"] {
                assert!(!code.contains(word), "{}: {word}", file.display());
            }
        }
    }
}

#[test]
fn every_crate_obeys_the_lints() {
    let mut manifests: Vec<PathBuf> =
        rooms().iter().map(|room| room.folder.join("Cargo.toml")).collect();
    manifests.push(workspace().join("tests/Cargo.toml"));
    for path in manifests {
        let manifest: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let obeys = manifest.get("lints").and_then(|lints| lints.get("workspace")?.as_bool());
        assert_eq!(obeys, Some(true), "{}: [lints] workspace = true", path.display());
        let inherits = |key: &str| {
            manifest["package"].get(key).and_then(|value| value.get("workspace")?.as_bool())
        };
        for key in ["edition", "rust-version", "license"] {
            assert_eq!(inherits(key), Some(true), "{}: {key}.workspace = true", path.display());
        }
    }
}

#[test]
fn files_are_small_and_say_what_they_are() {
    let mut files: Vec<PathBuf> = Vec::new();
    for room in rooms() {
        walk(&room.folder.join("src"), &mut files);
    }
    walk(&workspace().join("tests"), &mut files);
    let mut faults = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().count();
        if lines > 400 {
            faults.push(format!("{} has {lines} lines: one idea a file", file.display()));
        }
        if !text.starts_with("//!") {
            faults.push(format!("{} does not open by saying what it is", file.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn comments_and_tests_are_not_taken_for_code() {
    let text =
        "use a; // tokio\n/// std::fs\nfn f() {}\n#[cfg(test)]\nmod tests { use std::env; }\n";
    let code = without_tests(text);
    assert!(code.contains("fn f()"));
    for word in ["tokio", "std::fs", "std::env"] {
        assert!(!code.contains(word), "{word}");
    }
    assert!(is_test_file(Path::new("src/dialog/tests/clock.rs")));
    assert!(!is_test_file(Path::new("src/contests.rs")));
    let declared = "mod a;\n#[cfg(test)]\npub(crate) mod fuzz;\n#[cfg(test)]\nmod tests {\n";
    assert_eq!(test_modules(Path::new("src/lib.rs"), declared), [Path::new("src/fuzz")]);
    assert_eq!(test_modules(Path::new("src/sip.rs"), declared), [Path::new("src/sip/fuzz")]);
}
