//! Text from outside made fit for a line: what a caller, a directory or a phone
//! system may send is anything at all.

/// Most characters of a name in a header or a headline.
pub(crate) const NAME: usize = 80;
/// Most characters of any other value.
pub(crate) const VALUE: usize = 200;
/// Most characters of what a mail server said.
pub(crate) const REASON: usize = 1000;

/// How far before its limit a text is cut at a space rather than inside a word.
const WORD: usize = 20;

/// One line without control characters, without marks that turn the direction of
/// what stands around it (Unicode TR 36 §2.1.3), with single spaces, and with at
/// most `limit` characters; `None` where nothing is left.
pub(crate) fn line(text: &str, limit: usize) -> Option<String> {
    let mut clean = String::new();
    let mut space = false;
    let mut kept = 0_usize;
    for character in text.chars() {
        match keep(character) {
            Keep::Drop => {}
            Keep::Space => space = kept > 0,
            Keep::Yes => {
                // RFC 2047 §2: an ASCII text that looks like an encoded word
                // would be decoded by the reader, past everything done here.
                if space || (character == '?' && clean.ends_with('=')) {
                    clean.push(' ');
                    kept += 1;
                }
                space = false;
                clean.push(character);
                kept += 1;
            }
        }
        if kept > limit {
            break;
        }
    }
    if kept > limit {
        clean = cut(&clean, limit);
    }
    if clean.is_empty() { None } else { Some(clean) }
}

/// The text, unless it is absent or has nothing to show.
pub(crate) fn optional(text: Option<&str>, limit: usize) -> Option<String> {
    text.and_then(|text| line(text, limit))
}

/// Whether the text is written from right to left, in part at least.
pub(crate) fn is_right_to_left(text: &str) -> bool {
    text.chars().any(|character| {
        matches!(u32::from(character),
            0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFE | 0x1_0800..=0x1_0FFF | 0x1_E800..=0x1_EFFF)
    })
}

enum Keep {
    Yes,
    Space,
    Drop,
}

fn keep(character: char) -> Keep {
    match u32::from(character) {
        0x2028 | 0x2029 | 0xFFFC => Keep::Space,
        // Direction marks, overrides and isolates.
        0x061C | 0x200E | 0x200F | 0x202A..=0x202E | 0x2066..=0x2069 => Keep::Drop,
        // Invisible on purpose: soft hyphen, zero width space, word joiner and its
        // like, byte order mark, interlinear marks. U+200C and U+200D stay, for
        // Persian and for emoji.
        0x00AD | 0x180E | 0x200B | 0x2060..=0x2065 | 0x206A..=0x206F | 0xFEFF | 0xFFF9..=0xFFFB => {
            Keep::Drop
        }
        code if code & 0xFFFE == 0xFFFE || (0xFDD0..=0xFDEF).contains(&code) => Keep::Drop,
        _ if character.is_control() || character.is_whitespace() => Keep::Space,
        _ => Keep::Yes,
    }
}

/// The first `limit - 1` characters or a little less, and an ellipsis. Never
/// between a letter and its marks, nor inside a joined emoji.
fn cut(text: &str, limit: usize) -> String {
    let characters: Vec<char> = text.chars().take(limit).collect();
    let room = limit.saturating_sub(1);
    let head = characters.get(..room).unwrap_or(&characters);
    let lowest = room.saturating_sub(WORD);
    let at_space = head.iter().rposition(|character| *character == ' ').filter(|at| *at >= lowest);
    let end = at_space.unwrap_or_else(|| {
        (lowest..=room)
            .rev()
            .find(|at| {
                let after = characters.get(*at).copied().is_some_and(extends);
                let before = at.checked_sub(1).and_then(|last| characters.get(last));
                !after && before != Some(&'\u{200D}')
            })
            .unwrap_or(room)
    });
    let mut short: String = characters.get(..end).unwrap_or(head).iter().collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// Whether the character belongs to the one before it.
fn extends(character: char) -> bool {
    matches!(u32::from(character),
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05C7 | 0x0610..=0x061A | 0x064B..=0x065F
        | 0x0900..=0x0903 | 0x093A..=0x094F | 0x0E31..=0x0E3A | 0x0E47..=0x0E4E | 0x1AB0..=0x1AFF
        | 0x1DC0..=0x1DFF | 0x200C..=0x200D | 0x20D0..=0x20FF | 0x3099..=0x309A | 0xFE00..=0xFE0F
        | 0xFE20..=0xFE2F | 0x1_F3FB..=0x1_F3FF | 0xE_0020..=0xE_007F | 0xE_0100..=0xE_01EF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_break_a_line_or_turn_it_is_gone() {
        for (text, expected) in [
            ("Bob\r\nBcc: eve@example.com", Some("Bob Bcc: eve@example.com")),
            ("  Bob \t\u{a0} Example\0 ", Some("Bob Example")),
            ("Bob\u{202e}gpj.exe\u{2066}\u{200f}", Some("Bobgpj.exe")),
            ("a\u{2028}b\u{85}c\u{7f}d", Some("a b c d")),
            ("=?utf-8?Q?=0D=0AX:_y?=", Some("= ?utf-8?Q?=0D=0AX:_y?=")),
            ("=\u{200b}?utf-8?Q?x?=", Some("= ?utf-8?Q?x?=")),
            ("山田 太郎", Some("山田 太郎")),
            ("👩\u{200d}💻 Ada", Some("👩\u{200d}💻 Ada")),
            ("\u{fffe}\u{feff}\u{200b} \r\n", None),
            ("", None),
        ] {
            assert_eq!(line(text, NAME).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_where_a_reader_would() {
        let words = "Bartholomew ".repeat(20);
        assert_eq!(line(&words, 30).as_deref(), Some("Bartholomew Bartholomew…"));
        let one = "x".repeat(10_000);
        assert_eq!(line(&one, NAME).map(|cut| cut.chars().count()), Some(NAME));
        assert_eq!(line(&"y".repeat(NAME), NAME), Some("y".repeat(NAME)));
        let families = "👩\u{200d}👩\u{200d}👧".repeat(20);
        for limit in 20..40 {
            let cut = line(&families, limit).unwrap();
            let last = cut.chars().rev().nth(1);
            assert_ne!(last, Some('\u{200d}'), "{limit}");
        }
        let marked = format!("{}e\u{301}e\u{301}", "z".repeat(8));
        assert_eq!(line(&marked, 10).as_deref(), Some("zzzzzzzz…"));
    }

    #[test]
    fn right_to_left_scripts_are_known() {
        for (text, expected) in [("محمد", true), ("שרה", true), ("Bob", false), ("山田", false)]
        {
            assert_eq!(is_right_to_left(text), expected, "{text}");
        }
    }
}
