//! The recording as a part of the mail, under a name that every system can save.

use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::{BodyPart, MimePart};

use crate::caller::Caller;
use crate::{Sound, clean, words};

/// Most characters of the caller in a file name: with it, the ASCII name stays
/// below the 78 from which it would be split into sections (RFC 2231 §3), which
/// the clients that it is for do not know.
const CALLER: usize = 40;

/// The two spellings of one file name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileName {
    /// For `filename=`, `name=` and `X-AttachmentOrder` (MS-OXOUM 2.2.5).
    pub ascii: String,
    /// For `filename*=`, where the caller's name needs more than ASCII.
    pub full: Option<String>,
}

impl FileName {
    /// Named after the caller and the length in seconds.
    pub(crate) fn new(caller: &Caller<'_>, length: Option<u64>, extension: &str) -> Self {
        let named = |who: &str| format!("{}.{extension}", words::recording_name(who, length));
        let ascii = [
            Some(caller.shown.as_str()),
            caller.number.as_ref().map(|(number, _)| number.as_str()),
            caller.extension.as_deref(),
            caller.sip_uri.as_deref(),
        ]
        .into_iter()
        .flatten()
        .find_map(|who| if who.is_ascii() { storable(who) } else { None })
        .unwrap_or_else(|| words::UNKNOWN_CALLER.to_owned());
        let full = if caller.shown.is_ascii() { None } else { storable(&caller.shown) };
        Self { ascii: named(&ascii), full: full.map(|full| named(&full)) }
    }
}

/// `audio/wav`, base64, with the plain file name before the encoded one: clients
/// that do not know RFC 2231 take the first.
pub(crate) fn part(sound: Sound, name: &FileName) -> MimePart<'static> {
    let content_type = ContentType::new(sound.content_type).attribute("name", name.ascii.clone());
    let mut disposition = ContentType::new("attachment").attribute("filename", name.ascii.clone());
    if let Some(full) = &name.full {
        disposition = disposition.attribute("filename", full.clone());
    }
    MimePart::new(content_type, BodyPart::Binary(sound.bytes.into()))
        .header("Content-Disposition", disposition)
}

/// Without the characters that a file system or the list in `X-AttachmentOrder`
/// gives a meaning to; `None` where nothing is left.
fn storable(who: &str) -> Option<String> {
    let who = who.strip_prefix("sip:").or_else(|| who.strip_prefix("sips:")).unwrap_or(who);
    let kept: String = who
        .chars()
        .map(|character| if r#"/\:*?"<>|;%"#.contains(character) { ' ' } else { character })
        .collect();
    let kept = kept.trim_matches([' ', '.', '-', '~']);
    let short = clean::line(kept, CALLER)?;
    let short = short.trim_end_matches(['…', ' ', '.']);
    if short.is_empty() { None } else { Some(short.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_can_be_stored_everywhere() {
        for (who, stored) in [
            ("Bob Example", Some("Bob Example")),
            ("+1 (425) 555-0142", Some("+1 (425) 555-0142")),
            ("../../etc/passwd", Some("etc passwd")),
            ("a;b\"c\\d", Some("a b c d")),
            ("sip:carol@example.com", Some("carol@example.com")),
            ("山田 太郎", Some("山田 太郎")),
            ("???", None),
        ] {
            assert_eq!(storable(who).as_deref(), stored, "{who}");
        }
        let long = storable(&"Bartholomew ".repeat(10)).unwrap();
        assert!(long.len() <= CALLER && long.ends_with("Bartholomew"), "{long}");
    }
}
