//! A file of vCards, card by card, so that a bad one costs no other.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calcard::vcard::VCard;

use super::card::Contact;

/// What a file held.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cards {
    pub(super) read: usize,
    pub(super) contacts: Vec<Contact>,
    pub(super) unreadable: Vec<String>,
}

impl Cards {
    fn take(&mut self, card: &Open) {
        self.read += 1;
        match contact(&card.text) {
            Ok(contact) => self.contacts.push(contact),
            Err(why) => self.skip(card.line, why),
        }
    }

    fn skip_cut_off(&mut self, card: &Open) {
        self.read += 1;
        self.skip(card.line, "it ends without END:VCARD");
    }

    fn skip(&mut self, line: usize, why: &str) {
        self.unreadable.push(format!("card {} (line {line}): {why}", self.read));
    }
}

/// A card whose end has not come yet.
struct Open {
    /// Of its BEGIN, counted from 1.
    line: usize,
    text: String,
}

pub(super) fn read(bytes: &[u8]) -> Cards {
    let text = decode(bytes);
    let mut cards = Cards::default();
    let mut open: Option<Open> = None;
    for (index, line) in lines(&text).enumerate() {
        let trimmed = line.trim();
        if trimmed.eq_ignore_ascii_case("BEGIN:VCARD") {
            if let Some(cut_off) = open.take() {
                cards.skip_cut_off(&cut_off);
            }
            open = Some(Open { line: index + 1, text: String::new() });
        }
        let Some(card) = &mut open else { continue };
        card.text.push_str(line);
        card.text.push_str("\r\n");
        if trimmed.eq_ignore_ascii_case("END:VCARD") {
            cards.take(card);
            open = None;
        }
    }
    if let Some(cut_off) = open {
        cards.skip_cut_off(&cut_off);
    }
    if cards.read == 0 {
        cards.unreadable.push("no card begins in this file; it needs a line BEGIN:VCARD".into());
    }
    cards
}

fn contact(card: &str) -> Result<Contact, &'static str> {
    // The reader is careful, but no file of somebody else's may end the process.
    let parsed = catch_unwind(AssertUnwindSafe(|| VCard::parse(card)));
    let Ok(Ok(card)) = parsed else { return Err("it is no vCard") };
    Contact::read(&card).ok_or("it has no name, company, number or address to show")
}

/// Lines by LF, CR LF, or the lone CR of old Macintosh files.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let end = if text.contains('\n') { '\n' } else { '\r' };
    text.split(end).map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// UTF-8 as of RFC 6350 §3.1; UTF-16 where a byte order mark says so; else what
/// old exporters write without saying: one byte a character, as Latin-1.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let sixteen = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(unit));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(sixteen(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(sixteen(rest, u16::from_be_bytes)),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(bytes: &[u8]) -> Vec<String> {
        read(bytes).contacts.into_iter().map(|contact| contact.name).collect()
    }

    #[test]
    fn bad_cards_are_named_by_number_and_line_and_cost_no_other() {
        let file = "BEGIN:VCARD\nVERSION:3.0\nFN:Ann\nTEL:+14255550101\nEND:VCARD\n\
                    BEGIN:VCARD\nVERSION:3.0\nFN:Cut off\n\
                    BEGIN:VCARD\nVERSION:3.0\nFN:\nTEL:\nEND:VCARD\n\
                    begin:vcard\nversion:3.0\nfn:Bob\nend:vcard\n\
                    BEGIN:VCARD\nVERSION:3.0\nFN:Last";
        let cards = read(file.as_bytes());
        assert_eq!(cards.read, 5);
        assert_eq!(names(file.as_bytes()), ["Ann", "Bob"]);
        assert_eq!(
            cards.unreadable,
            [
                "card 2 (line 6): it ends without END:VCARD",
                "card 3 (line 9): it has no name, company, number or address to show",
                "card 5 (line 18): it ends without END:VCARD",
            ]
        );
    }

    #[test]
    fn a_file_without_cards_is_said_to_have_none() {
        for file in [&b""[..], b"name,number\r\nBob,1\r\n", b"\xFF\xFE", b"\0\0\0"] {
            let cards = read(file);
            assert_eq!((cards.read, cards.unreadable.len()), (0, 1));
        }
    }

    #[test]
    fn files_come_in_several_encodings() {
        let card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:J\u{fc}rgen\r\nEND:VCARD\r\n";
        let mut utf16: Vec<u8> = vec![0xFF, 0xFE];
        utf16.extend(card.encode_utf16().flat_map(u16::to_le_bytes));
        let latin1: Vec<u8> = card.chars().map(|c| u8::try_from(c).unwrap()).collect();
        let marked = [b"\xEF\xBB\xBF", card.as_bytes()].concat();
        let old_mac = card.replace("\r\n", "\r");
        for file in [card.as_bytes(), &utf16, &latin1, &marked, old_mac.as_bytes()] {
            assert_eq!(names(file), ["J\u{fc}rgen"]);
        }
    }

    #[test]
    fn no_bytes_end_the_process() {
        let card = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=\r\n=98;A\r\n\
            TEL;TYPE=\"cell,work\";VALUE=uri:tel:+1-425-555-0142\r\nBDAY:19800230\r\nREV:20\r\nEND:VCARD\r\n";
        for at in 0..card.len() {
            for byte in [0, b'"', b';', b':', b'=', b'\n', 0xFF] {
                let mut bent = card.to_vec();
                bent[at] = byte;
                let cards = read(&bent);
                assert!(cards.read <= 2);
            }
            read(&card[..at]);
        }
    }
}
