//! Bodies of several parts (RFC 2046 §5.1, RFC 5621): a session description
//! beside what a gateway tunnels, or the same session described twice.

use super::read::{split_head, split_line};
use super::{Params, names};

/// The last part of that media type: of alternatives the sender puts the best
/// last (RFC 2046 §5.1.4). Other parts are passed over, whatever their
/// handling. `None`: `content_type` is no multipart, or no part is of the type.
pub(crate) fn part<'a>(content_type: &str, body: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let (kind, params) = content_type.split_once(';')?;
    let several = kind.trim().get(..10)?.eq_ignore_ascii_case("multipart/");
    let params = Params::read(params);
    let boundary = params.get("boundary").filter(|text| several && !text.is_empty())?;
    let delimiter = format!("--{boundary}");

    let (mut found, mut start) = (None, None);
    let (mut at, mut rest) = (0, body);
    loop {
        let (line, after) = split_line(rest);
        let next = body.len() - after.len();
        let mark = line.strip_prefix(delimiter.as_bytes()).map(<[u8]>::trim_ascii);
        let marked = matches!(mark, Some(b"" | b"--"));
        // A last part without its end is taken as it is.
        if marked || rest.is_empty() {
            let piece = start.take().and_then(|start| body.get(start..at));
            found = piece.and_then(|piece| content(piece, wanted)).or(found);
            start = (mark == Some(b"")).then_some(next);
        }
        if rest.is_empty() || mark == Some(b"--") {
            return found;
        }
        (at, rest) = (next, after);
    }
}

/// What a part holds, where it is of the media type.
fn content<'a>(piece: &'a [u8], wanted: &str) -> Option<&'a [u8]> {
    let (lines, content) = split_head(piece);
    let mut headers = lines.iter().filter_map(|line| line.split_once(':'));
    let (_, value) =
        headers.find(|(name, _)| names::long(name.trim()).eq_ignore_ascii_case("Content-Type"))?;
    let kind = value.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case(wanted).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sdp<'a>(content_type: &str, body: &'a str) -> Option<&'a str> {
        let found = part(content_type, body.as_bytes(), "application/sdp")?;
        Some(std::str::from_utf8(found).unwrap())
    }

    #[test]
    fn the_last_part_of_the_type_is_found() {
        let one = "--x\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n";
        let other = "--x\r\nContent-Disposition: signal;handling=optional\r\n\
            Content-Type: application/qsig\r\n\r\n\u{1}\u{2}\r\n";
        let two = "--x\r\nc: Application/SDP; charset=utf-8\r\n\r\nv=0 again\r\n";
        let end = "--x--\r\n";
        let table = [
            (format!("{one}{end}"), Some("v=0\r\n")),
            (format!("before\r\n{other}{one}{end}{two}"), Some("v=0\r\n")),
            (format!("{one}{other}{end}"), Some("v=0\r\n")),
            (format!("{one}{two}{end}"), Some("v=0 again\r\n")),
            (format!("{one}--xy\r\n"), Some("v=0\r\n--xy\r\n")),
            (format!("{other}{one}"), Some("v=0\r\n")),
            (format!("{other}{end}"), None),
            (end.to_owned(), None),
            ("--x\r\n".to_owned(), None),
            (String::new(), None),
        ];
        for (body, expected) in table {
            for kind in ["multipart/mixed;boundary=x", "Multipart/Alternative; boundary=\"x\""] {
                assert_eq!(sdp(kind, &body), expected, "{kind}: {body}");
            }
            for kind in ["multipart/mixed", "multipart/mixed;boundary=", "text/plain;boundary=x"] {
                assert_eq!(sdp(kind, &body), None, "{kind}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_body_is_survived(text in "(--x|--|\r\n|\n|c: application/sdp|a|:){0,40}") {
            let found = part("multipart/mixed;boundary=x", text.as_bytes(), "application/sdp");
            proptest::prop_assert!(found.is_none_or(|found| found.len() < text.len()));
        }
    }
}
