//! Text from the network made fit to be shown: on one line, without control
//! characters, and without the marks that turn the direction of writing.

/// Longest name or caller id that is kept, in characters.
const LONGEST: usize = 160;

/// One line of text; `None` when nothing is left of it.
pub(crate) fn line(text: &str) -> Option<String> {
    let visible = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut line = String::new();
    let mut length = 0_usize;
    let mut blank = false;
    for c in visible.filter(|c| !is_hidden(*c)) {
        if c.is_whitespace() {
            blank = !line.is_empty();
            continue;
        }
        if length >= LONGEST {
            line.push('…');
            break;
        }
        if blank {
            line.push(' ');
            length += 1;
            blank = false;
        }
        line.push(c);
        length += 1;
    }
    if line.is_empty() { None } else { Some(line) }
}

/// Characters that change how others are seen and are not seen themselves:
/// directional marks, embeddings and isolates (UAX #9), zero-width blanks, the
/// soft hyphen, interlinear and tag characters. The joiners U+200C and U+200D
/// stay: Persian names and many scripts of India are written with them.
pub(crate) fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_one_visible_line() {
        let table: [(&str, Option<&str>); 10] = [
            ("Bob Example", Some("Bob Example")),
            ("  Bob \t Example ", Some("Bob Example")),
            ("Bob\r\nBcc: mallory@example.com", Some("Bob Bcc: mallory@example.com")),
            ("Bob\u{0}\u{7}\u{1b}[31m", Some("Bob [31m")),
            ("\u{202e}elpmaxE boB", Some("elpmaxE boB")),
            ("\u{2066}Bob\u{2069}", Some("Bob")),
            ("Žofie Müller 山田太郎", Some("Žofie Müller 山田太郎")),
            ("علی\u{200c}رضا", Some("علی\u{200c}رضا")),
            (" \r\n\u{200b} ", None),
            ("", None),
        ];
        for (raw, expected) in table {
            assert_eq!(line(raw).as_deref(), expected, "{raw:?}");
        }
    }

    #[test]
    fn ten_thousand_characters_become_a_line_that_fits() {
        let long = line(&"ü".repeat(10_000)).unwrap();
        assert_eq!(long.chars().count(), LONGEST + 1);
        assert!(long.ends_with('…'));
    }
}
