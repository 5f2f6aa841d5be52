//! A message that nobody took, as a report to the postmaster: `multipart/report`
//! of RFC 6522 with a delivery status of RFC 3464.

use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use ringpost_model::{Envelope, Mail, Outcome};

use crate::telling::{multipart, no_answers, source, written};
use crate::when::{self, Zone};
use crate::{ComposeError, Letterhead, Returning};
use crate::{address, clean, identifiers, words};

/// Largest original that is attached as a whole. What was refused for its size
/// would be refused again.
const WHOLE: usize = 5 * 1024 * 1024;
/// Most bytes of headers that are attached in its place.
const HEADERS: usize = 64 * 1024;
/// Longest line of the delivery status, before folding.
const STATUS_LINE: usize = 500;

pub(crate) fn compose(
    letterhead: &Letterhead,
    returning: &Returning<'_>,
) -> Result<Mail, ComposeError> {
    let Returning { record, recipient, reason, attempts, at, original } = *returning;
    let service = address::addr_spec(&letterhead.from).ok_or(ComposeError::From)?;
    let postmaster = address::addr_spec(&letterhead.postmaster).ok_or(ComposeError::Postmaster)?;
    let recipient_shown = clean::line(recipient, clean::VALUE)
        .unwrap_or_else(|| words::UNREADABLE_ADDRESS.to_owned());
    let reason = clean::line(reason, clean::REASON).unwrap_or_else(|| words::NO_REASON.to_owned());
    let id = clean::line(&record.id, clean::NAME).unwrap_or_default();
    let is_voice_mail = matches!(record.outcome, Outcome::VoiceMail(_));
    let is_whole = original.len() <= WHOLE && is_seven_bit(original);
    let given_up = Zone::utc().at(at);

    let text = words::Returned {
        is_voice_mail,
        recipient: &recipient_shown,
        reason: &reason,
        attempts,
        given_up: words::moment(&given_up, None),
        id: &id,
        is_whole,
    }
    .text();
    let status = format!(
        "Reporting-MTA: dns; {}\r\n\
         \r\n\
         Final-Recipient: rfc822; {}\r\n\
         Action: failed\r\n\
         Status: {}\r\n\
         {}\
         Last-Attempt-Date: {}\r\n",
        identifiers::domain(letterhead),
        ascii(&recipient_shown),
        status_code(&reason),
        folded("Diagnostic-Code: x-ringpost;", &ascii(&reason)),
        when::date(&given_up),
    );
    let original = if is_whole {
        MimePart::new("message/rfc822", BodyPart::Binary(original.into())).transfer_encoding("7bit")
    } else {
        MimePart::new("text/rfc822-headers", headers_of(original))
    };

    let own_id = identifiers::returned_message_id(letterhead, record, recipient, returning.at);
    let report = multipart("multipart/report", "report", &own_id)
        .attribute("report-type", "delivery-status");
    let subject = words::returned_subject(is_voice_mail, &recipient_shown);
    let message = MessageBuilder::new()
        .from(Address::new_address(Some(words::SERVICE_NAME), service))
        .to(Address::new_address(None::<&str>, postmaster))
        .header("Subject", Text::new(subject))
        .header("Date", Raw::new(when::date(&given_up)))
        .header("Message-ID", MessageId::new(own_id))
        .header("References", MessageId::new(identifiers::message_id(letterhead, record)));
    let message = no_answers(message)
        .header("Content-Language", Raw::new(words::LANGUAGE))
        .header("X-Ringpost-Source", Raw::new(source(record)))
        .header("MIME-Version", Raw::new("1.0"))
        .body(MimePart::new(
            report,
            vec![
                MimePart::new("text/plain", text),
                MimePart::new(
                    "message/delivery-status",
                    BodyPart::Binary(status.into_bytes().into()),
                )
                .transfer_encoding("7bit"),
                original,
            ],
        ));
    // RFC 5321 §4.5.5: what tells of a failure must never fail back to its sender.
    let envelope = Envelope { sender: None, recipient: postmaster.to_owned() };
    Ok(Mail { envelope, message: written(message) })
}

/// `message/rfc822` knows no encoding (RFC 2046 §5.2.1), so that a message with
/// 8-bit octets, odd line ends or overlong lines cannot stand in a 7-bit mail.
fn is_seven_bit(message: &[u8]) -> bool {
    message.split_inclusive(|byte| *byte == b'\n').all(|line| {
        let text = line.strip_suffix(b"\r\n").unwrap_or(line);
        text.len() <= 998 && text.iter().all(|byte| byte.is_ascii() && !b"\r\n\0".contains(byte))
    })
}

/// The header section of a message (RFC 5322 §2.1) as text, with LF at the end of
/// its lines and without other control characters.
fn headers_of(message: &[u8]) -> String {
    let end = message.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.map_or(message.len(), |blank| blank + 2).min(HEADERS);
    String::from_utf8_lossy(message.get(..end).unwrap_or(message))
        .replace("\r\n", "\n")
        .replace(|character: char| character.is_control() && !"\n\t".contains(character), " ")
}

/// The enhanced status code (RFC 3463) that the mail server's words contain;
/// 5.0.0, "failed and no more is known", where they contain none.
fn status_code(reason: &str) -> &str {
    reason
        .split(|character: char| !character.is_ascii_digit() && character != '.')
        .find(|word| {
            let mut parts = word.split('.');
            let class = parts.next();
            let detail = [parts.next(), parts.next()];
            matches!(class, Some("4" | "5"))
                && parts.next().is_none()
                && detail.iter().all(|part| part.is_some_and(|part| (1..=3).contains(&part.len())))
        })
        .unwrap_or("5.0.0")
}

/// ASCII for a status field, which knows no encoding (RFC 3464 §2.1.1).
fn ascii(text: &str) -> String {
    let ascii = |character: char| if character.is_ascii() { character } else { '?' };
    text.chars().take(STATUS_LINE).map(ascii).collect()
}

/// `name words…`, folded before 78 columns where there is a space to fold at.
fn folded(name: &str, text: &str) -> String {
    let mut field = name.to_owned();
    let mut column = name.len();
    for word in text.split_ascii_whitespace() {
        if column + 1 + word.len() > 78 && column > 1 {
            field.push_str("\r\n");
            column = 0;
        }
        field.push(' ');
        field.push_str(word);
        column += 1 + word.len();
    }
    field.push_str("\r\n");
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_servers_own_code_is_passed_on() {
        for (reason, code) in [
            ("550 5.1.1 <bob@example.com>: no such user", "5.1.1"),
            ("552-5.2.3 too large", "5.2.3"),
            ("tried for 4 days: 451 4.7.1 greylisted", "4.7.1"),
            ("host 192.0.2.1 said 550 no", "5.0.0"),
            ("5.4.3.2", "5.0.0"),
            ("", "5.0.0"),
        ] {
            assert_eq!(status_code(reason), code, "{reason}");
        }
    }

    #[test]
    fn only_what_may_stand_in_seven_bits_is_attached_whole() {
        assert!(is_seven_bit(b"A: b\r\n\r\nbody\r\n"));
        for wrong in
            [&b"A: \xe9\r\n"[..], b"bare\nline", b"bare\rreturn\r\n", b"nul\0\r\n", &[b'x'; 999]]
        {
            assert!(!is_seven_bit(wrong), "{wrong:?}");
        }
    }
}
