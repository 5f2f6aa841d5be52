//! A mail as its reader gets it, read by a parser that the house does not use.

use mail_parser::{MessageParser, MimeHeaders};

use crate::sound::{Alignment, RATE, Wav, align, read_wav, seconds};

/// Missed call notification or voice mail, told by `Content-Class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `missedcall`
    MissedCall,
    /// `voice-ca`
    VoiceMail,
    /// None of ours, such as a returned message.
    Other,
}

/// A parsed mail.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The bytes as they were taken.
    pub raw: Vec<u8>,
    /// Decoded.
    pub subject: String,
    /// Display name of `From`, decoded.
    pub from_name: String,
    /// Address of `From`.
    pub from: String,
    /// First address of `To`.
    pub to: String,
    /// Without angle brackets.
    pub message_id: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// File name, type and bytes of each attachment.
    pub attachments: Vec<(String, String, Vec<u8>)>,
    headers: Vec<(String, String)>,
}

impl Letter {
    /// Takes a message apart. Fails on bytes that are no mail.
    pub fn read(raw: Vec<u8>) -> Self {
        let message = MessageParser::default().parse(&raw).expect("a mail");
        let first = |address: Option<&mail_parser::Address<'_>>| {
            let address = address.and_then(|all| all.first().cloned());
            let name = address.as_ref().and_then(|one| one.name()).unwrap_or_default().to_owned();
            let mailbox = address.as_ref().and_then(|one| one.address()).unwrap_or_default();
            (name, mailbox.to_owned())
        };
        let (from_name, from) = first(message.from());
        let (_, to) = first(message.to());
        let attachments = message
            .attachments()
            .map(|part| {
                let kind = part.content_type().map_or_else(String::new, |kind| {
                    format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default())
                });
                let name = part.attachment_name().unwrap_or_default().to_owned();
                (name, kind, part.contents().to_vec())
            })
            .collect();
        let headers =
            message.headers_raw().map(|(name, value)| (name.to_owned(), unfold(value))).collect();
        let text = message.body_text(0).unwrap_or_default().into_owned();
        let html = message.body_html(0).unwrap_or_default().into_owned();
        let subject = message.subject().unwrap_or_default().to_owned();
        let message_id = message.message_id().unwrap_or_default().to_owned();
        drop(message);
        Self { raw, subject, from_name, from, to, message_id, text, html, attachments, headers }
    }

    /// The raw value of a header, unfolded.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self.header("Content-Class") {
            Some("missedcall") => Kind::MissedCall,
            Some("voice-ca") => Kind::VoiceMail,
            _ => Kind::Other,
        }
    }

    /// `X-VoiceMessageDuration` in seconds.
    pub fn duration(&self) -> u32 {
        let value = self.header("X-VoiceMessageDuration");
        let value = value.unwrap_or_else(|| panic!("no duration in:\n{}", self.head()));
        value.parse().unwrap_or_else(|_| panic!("duration {value:?}"))
    }

    /// The one WAV that a voice mail carries, checked against its headers.
    pub fn sound(&self) -> Wav {
        assert_eq!(self.attachments.len(), 1, "attachments of:\n{}", self.head());
        let (name, kind, bytes) = &self.attachments[0];
        assert_eq!(kind, "audio/wav");
        assert!(name.is_ascii() && name.ends_with(".wav"), "file name {name:?}");
        assert_eq!(self.header("X-AttachmentOrder"), Some(name.as_str()));
        let wav = read_wav(bytes).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!((wav.rate, wav.channels), (8000, 1), "{name}");
        wav
    }

    /// Checks that this is a voice mail with all of `said` in it and not much
    /// more: one WAV, aligned correlation above 0.99. The quiet before and after
    /// it is the caller's own, who begins when he no longer hears the beep.
    pub fn check_message(&self, said: &[i16]) {
        let found = self.check_holds(said);
        let wav = self.sound();
        let length = seconds(&wav.samples);
        let before = found.lag as f64 / RATE as f64;
        let after = length - before - seconds(said);
        assert!(before <= 2.0 && after <= 1.0, "{before} s before, {after} s after what was said");
        let told = f64::from(self.duration());
        assert!((told - length).abs() <= 0.51, "{length} s recorded, the mail says {told} s");
    }

    /// Checks that this is a voice mail with all of `said` in it, whatever else;
    /// where it is.
    pub fn check_holds(&self, said: &[i16]) -> Alignment {
        assert_eq!(self.kind(), Kind::VoiceMail, "{}", self.head());
        let found = align(said, &self.sound().samples);
        let missing = said.len() - found.overlap;
        assert!(found.correlation > 0.99 && missing < 160, "{found:?} of {}", said.len());
        found
    }

    /// Checks that this is a notification, made of what that ear heard.
    pub fn check_missed_call(&self, ear: &str) {
        assert_eq!(self.kind(), Kind::MissedCall, "{}", self.head());
        assert!(self.attachments.is_empty(), "{}", self.head());
        let source = format!("server; ear={ear}");
        assert_eq!(self.header("X-Ringpost-Source"), Some(source.as_str()), "{}", self.head());
    }

    /// The header part, for the message of a failed test.
    pub fn head(&self) -> String {
        let text = String::from_utf8_lossy(&self.raw).into_owned();
        text.split_once("\r\n\r\n").map_or(text.clone(), |(head, _)| head.to_owned())
    }
}

fn unfold(value: &str) -> String {
    value.replace("\r\n", "").replace('\n', "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_taken_apart() {
        let raw = "From: \"Dana Example\" <voicemail@example.com>\r\nTo: alice@example.com\r\n\
            Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <a1@example.com>\r\n\
            Content-Class: voice-ca\r\nX-VoiceMessageDuration: 8\r\nX-AttachmentOrder: a.wav\r\n\
            Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
            Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\
            Content-Type: text/plain\r\n\r\nHello\r\n--c\r\nContent-Type: text/html\r\n\r\n\
            <b>Hello</b>\r\n--c--\r\n--b\r\n\
            Content-Type: audio/wav\r\nContent-Disposition: attachment; filename=a.wav\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nUklGRg==\r\n--b--\r\n";
        let letter = Letter::read(raw.into());
        assert_eq!(letter.subject, "Grüße");
        assert_eq!(
            (letter.from_name.as_str(), letter.to.as_str()),
            ("Dana Example", "alice@example.com")
        );
        assert_eq!((letter.kind(), letter.duration()), (Kind::VoiceMail, 8));
        assert_eq!(letter.message_id, "a1@example.com");
        assert_eq!(letter.text.trim(), "Hello");
        assert_eq!(letter.html.trim(), "<b>Hello</b>");
        assert_eq!(letter.attachments, [("a.wav".into(), "audio/wav".into(), b"RIFF".to_vec())]);
    }
}
