//! What there is to say of a call, in the order in which it is said.

use ringpost_model::{CallRecord, Outcome, Subscriber, Why};

use crate::caller::{Caller, RawId};
use crate::when::Zone;
use crate::{address, clean, number, words};

/// Most telephones of a card that are shown.
const PHONES: usize = 10;

/// One line of what is known.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// What it is.
    pub label: &'static str,
    /// The value, one clean line.
    pub value: String,
    /// A remark on the value.
    pub remark: Option<&'static str>,
    /// `tel:`, `mailto:` or `sip:` URI.
    pub link: Option<String>,
}

/// What becomes of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// There is none, and there should be none.
    No,
    /// It is attached.
    Attached,
    /// There should be some, but it cannot be read.
    Unreadable,
}

/// The content of one mail.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Subject, also title of the HTML.
    pub subject: String,
    /// First sentence.
    pub headline: String,
    /// More sentences.
    pub notes: Vec<String>,
    /// The rest, empty ones left out.
    pub rows: Vec<Row>,
}

impl Facts {
    /// Collects them. `length` is that of the recording, in whole seconds.
    pub(crate) fn new(
        record: &CallRecord,
        subscriber: &Subscriber,
        caller: &Caller<'_>,
        zone: &Zone,
        heard: Heard,
        length: Option<u64>,
    ) -> Self {
        let number = caller.number_beside_name();
        let why = record.outcome.why();
        let mut notes = Vec::new();
        let (subject, headline) = if let Outcome::VoiceMail(_) = record.outcome {
            if heard == Heard::Attached {
                notes.push(words::RECORDING_ATTACHED.to_owned());
            } else {
                let id = clean::line(&record.id, clean::NAME).unwrap_or_default();
                notes.push(words::recording_unreadable(&id));
            }
            if why == Why::Interrupted {
                notes.push(words::RECORDING_INTERRUPTED.to_owned());
            }
            (
                words::voice_mail_subject(&caller.shown, length),
                words::voice_mail_headline(&caller.shown, number, length),
            )
        } else {
            notes.extend(words::how_it_was_missed(why).map(str::to_owned));
            (
                words::missed_call_subject(&caller.shown),
                words::missed_call_headline(&caller.shown, number),
            )
        };

        let mut rows = caller_rows(caller);
        let unknown_zone =
            if zone.is_known() { None } else { clean::line(&subscriber.time_zone, clean::NAME) };
        let moment = words::moment(&zone.at(record.received), unknown_zone.as_deref());
        rows.push(Row::plain(words::WHEN, moment));
        if let Some(length) = length {
            rows.push(Row::plain(words::LENGTH, words::minutes(length)));
        }
        if let Some(called) = called(record, subscriber) {
            rows.push(Row::plain(words::CALLED, called));
        }
        Self { subject, headline, notes, rows }
    }
}

impl Row {
    fn plain(label: &'static str, value: String) -> Self {
        Self { label, value, remark: None, link: None }
    }
}

fn caller_rows(caller: &Caller<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(name) = &caller.name {
        let remark = caller.is_unverified.then_some(words::UNVERIFIED);
        rows.push(Row { remark, ..Row::plain(words::CALLER, name.clone()) });
    }
    let raw = match &caller.raw {
        RawId::Given(raw) => raw.clone(),
        RawId::Withheld => words::CALLER_ID_WITHHELD.to_owned(),
        RawId::Missing => words::CALLER_ID_MISSING.to_owned(),
    };
    rows.push(Row::plain(words::CALLER_ID, raw));
    if let Some((number, shown)) = &caller.number {
        let link = Some(format!("tel:{number}"));
        rows.push(Row { link, ..Row::plain(words::NUMBER, shown.clone()) });
    }
    if let Some(extension) = &caller.extension {
        rows.push(Row::plain(words::EXTENSION, extension.clone()));
    }
    if let Some(uri) = &caller.sip_uri {
        rows.push(Row { link: sip_link(uri), ..Row::plain(words::SIP_ADDRESS, uri.clone()) });
    }
    let Some(card) = caller.card else { return rows };

    for (label, value) in [(words::JOB_TITLE, &card.title), (words::COMPANY, &card.company)] {
        if let Some(value) = clean::optional(value.as_deref(), clean::VALUE) {
            rows.push(Row::plain(label, value));
        }
    }
    for phone in card.phones.iter().take(PHONES) {
        if let Some(value) = clean::line(&phone.number, clean::NAME) {
            let link = number::tel(&value);
            rows.push(Row { link, ..Row::plain(words::phone(phone.kind), value) });
        }
    }
    if let Some(value) = clean::optional(card.mail.as_deref(), clean::VALUE) {
        let link = address::addr_spec(&value).map(address::mailto);
        rows.push(Row { link, ..Row::plain(words::E_MAIL, value) });
    }
    if let Some(value) = clean::optional(card.im.as_deref(), clean::VALUE) {
        rows.push(Row { link: sip_link(&value), ..Row::plain(words::INSTANT_MESSAGES, value) });
    }
    rows
}

fn sip_link(value: &str) -> Option<String> {
    address::sip_uri(value).map(str::to_owned)
}

/// Which of the subscriber's numbers was rung: what was dialled, where it is a
/// number of its own (a team, an alias); the subscriber's number or extension
/// where it is that, or where only the user was named.
fn called(record: &CallRecord, subscriber: &Subscriber) -> Option<String> {
    let dialled = clean::line(record.called.raw(), clean::NAME);
    let extension = clean::optional(subscriber.extension.as_deref(), clean::NAME);
    let own_number = subscriber.number.as_ref().map(number::shown);
    match (dialled, extension, &subscriber.number) {
        (Some(dialled), Some(extension), _) if dialled == extension => {
            Some(words::extension(&extension))
        }
        (Some(dialled), _, Some(number)) if number::is_dialled(&dialled, number) => own_number,
        (Some(dialled), _, _) if !dialled.eq_ignore_ascii_case(&subscriber.user) => Some(dialled),
        (_, extension, _) => own_number.or_else(|| extension.as_deref().map(words::extension)),
    }
}
