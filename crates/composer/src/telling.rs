//! A call as a mail: missed call notification or voice mail.

use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};
use ringpost_model::{CallRecord, Ear, Envelope, Mail, Outcome};

use crate::attachment::{self, FileName};
use crate::caller::Caller;
use crate::facts::{Facts, Heard};
use crate::when::{self, Zone};
use crate::{ComposeError, Letterhead, Telling};
use crate::{address, clean, html, identifiers, text, words};

/// The ways of RFC 3834 and of MS-OXCMAIL to say: no automatic answers, please.
const NO_ANSWERS: [(&str, &str); 2] = [
    ("Auto-Submitted", "auto-generated"),
    ("X-Auto-Response-Suppress", "OOF, AutoReply, DR, RN, NRN"),
];

/// Longest value of a header that has no place to fold at (RFC 5322 §2.1.1).
const LONGEST_VALUE: usize = 900;

pub(crate) fn compose(letterhead: &Letterhead, telling: Telling<'_>) -> Result<Mail, ComposeError> {
    let Telling { record, subscriber, identity, recipient, sound } = telling;
    let service = address::addr_spec(&letterhead.from).ok_or(ComposeError::From)?;
    let recipient = address::addr_spec(recipient).ok_or(ComposeError::Recipient)?;
    let (sound, heard, content_class) = match record.outcome {
        Outcome::Silent(_) => return Err(ComposeError::Silent),
        Outcome::MissedCall(_) => (None, Heard::No, "missedcall"),
        Outcome::VoiceMail(_) => match sound.filter(|sound| !sound.bytes.is_empty()) {
            Some(sound) => (Some(sound), Heard::Attached, "voice-ca"),
            None => (None, Heard::Unreadable, "voice-ca"),
        },
    };
    let length = length(record);
    let caller = Caller::new(record, identity);
    let zone = Zone::named(&subscriber.time_zone);
    let facts = Facts::new(record, subscriber, &caller, &zone, heard, length);
    let file = sound.map(|sound| {
        let name = FileName::new(&caller, length, sound.extension);
        (sound, name)
    });

    let from = letterhead.caller_domain.as_deref().and_then(|domain| caller.address_in(domain));
    let from = from.unwrap_or_else(|| service.to_owned());
    let mut message =
        MessageBuilder::new().from(Address::new_address(Some(caller.shown.as_str()), from));
    if let Some(reply_to) = caller.reply_to() {
        message = message.reply_to(Address::new_address(caller.name.as_deref(), reply_to));
    }
    let subscriber_name = clean::line(&subscriber.name, clean::NAME);
    message = message
        .to(Address::new_address(subscriber_name, recipient))
        .header("Subject", Text::new(facts.subject.as_str()))
        .header("Thread-Topic", Text::new(facts.subject.as_str()))
        .header("Date", Raw::new(when::date(&zone.at(record.ended))))
        .header("Message-ID", MessageId::new(identifiers::message_id(letterhead, record)));
    let order = file.as_ref().map(|(_, name)| name.ascii.as_str());
    message = no_answers(message)
        .header("Content-Class", Raw::new(content_class))
        .header("Content-Language", Raw::new(words::LANGUAGE));
    message = unified_messaging(message, record, &caller, length, order)
        .header("X-Ringpost-Source", Raw::new(source(record)))
        .header("MIME-Version", Raw::new("1.0"));

    let alternative = MimePart::new(
        multipart("multipart/alternative", "alternative", &record.id),
        vec![
            MimePart::new("text/plain", text::text(&facts)),
            MimePart::new("text/html", html::html(&facts)),
        ],
    );
    let body = match file {
        None => alternative,
        Some((sound, name)) => MimePart::new(
            multipart("multipart/mixed", "mixed", &record.id),
            BodyPart::Multipart(vec![alternative, attachment::part(sound, &name)]),
        ),
    };
    let envelope = Envelope { sender: Some(service.to_owned()), recipient: recipient.to_owned() };
    Ok(Mail { envelope, message: written(message.body(body)) })
}

/// The headers that Exchange turns into the properties of a voice item (MS-OXCMAIL
/// 2.1.3.2.3), those that have a value.
fn unified_messaging<'x>(
    message: MessageBuilder<'x>,
    record: &CallRecord,
    caller: &Caller<'_>,
    length: Option<u64>,
    attachment_order: Option<&str>,
) -> MessageBuilder<'x> {
    let telephone = caller.telephone().map(str::to_owned);
    [
        ("X-CallingTelephoneNumber", telephone.map(raw)),
        ("X-VoiceMessageSenderName", caller.name.clone().map(|name| Text::new(name).into())),
        ("X-VoiceMessageDuration", length.map(|seconds| raw(seconds.to_string()))),
        ("X-AttachmentOrder", attachment_order.map(|name| raw(name.to_owned()))),
        ("X-CallID", call_id(record).map(raw)),
    ]
    .into_iter()
    .fold(message, |message, (name, value): (&str, Option<HeaderType<'x>>)| match value {
        Some(value) => message.header(name, value),
        None => message,
    })
}

fn raw<'x>(value: String) -> HeaderType<'x> {
    Raw::new(value).into()
}

/// Adds what keeps machines from answering.
pub(crate) fn no_answers(message: MessageBuilder<'_>) -> MessageBuilder<'_> {
    NO_ANSWERS
        .into_iter()
        .fold(message, |message, (name, value)| message.header(name, Raw::new(value)))
}

/// Who made this mail, and by which ear the call was heard.
pub(crate) fn source(record: &CallRecord) -> String {
    let maker = match record.ear {
        Ear::Agent => "agent",
        Ear::Call | Ear::Info | Ear::Http | Ear::Cdr => "server",
    };
    format!("{maker}; ear={}", record.ear.as_str())
}

/// A multipart with its boundary from the record.
pub(crate) fn multipart(media_type: &'static str, part: &str, of: &str) -> ContentType<'static> {
    ContentType::new(media_type).attribute("boundary", identifiers::boundary(part, of))
}

/// The finished bytes. Date, Message-ID and MIME-Version are among the headers,
/// so that mail-builder adds none of its own.
pub(crate) fn written(message: MessageBuilder<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.serialize(&mut bytes);
    bytes
}

/// Whole seconds of the recording of a voice mail, rounded.
fn length(record: &CallRecord) -> Option<u64> {
    let recording = record.recording.as_ref()?;
    let millis = u64::try_from(recording.duration.as_millis()).unwrap_or(u64::MAX);
    let seconds = millis / 1000 + u64::from(millis % 1000 >= 500);
    matches!(record.outcome, Outcome::VoiceMail(_)).then_some(seconds)
}

/// The id by which the phone system knows the call, as far as it is ASCII, which
/// RFC 3261 §25.1 says it is.
fn call_id(record: &CallRecord) -> Option<String> {
    let id = clean::line(&record.call_id, LONGEST_VALUE)?;
    id.is_ascii().then_some(id)
}
