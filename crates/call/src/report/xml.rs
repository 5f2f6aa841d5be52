//! The front end's user notification. Its form was never published in full, so
//! it is read leniently: known elements by local name, at any depth, in any
//! order and namespace; unknown ones are passed over; the first of several
//! counts. A document type is never read, so no entity can grow.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::{EventKind, Report, ReportError, party, text, time};

/// Elements inside one another.
const DEEPEST: usize = 32;

/// Elements that are read, with their values as text.
#[derive(Debug, Default)]
struct Notification {
    /// The root has its right name, or something in it was known.
    is_known: bool,
    user: Option<String>,
    from: Option<String>,
    caller_id: Option<String>,
    target: Option<String>,
    time: Option<String>,
    call_id: Option<String>,
    conversation_id: Option<String>,
    event: Option<String>,
}

/// An element that is open: its local name and the text in it so far.
struct Open {
    name: String,
    text: String,
}

pub(super) fn read(body: &[u8]) -> Result<Report, ReportError> {
    let body = decoded(body);
    let mut reader = Reader::from_str(body.trim_start_matches('\u{feff}'));
    let mut notification = Notification::default();
    let mut open: Vec<Open> = Vec::new();
    let mut roots = 0_usize;
    loop {
        let event = reader.read_event().map_err(|_| malformed(reader.error_position()))?;
        match event {
            Event::Start(start) => {
                roots += usize::from(open.is_empty());
                notification.begin(&start)?;
                if open.len() >= DEEPEST {
                    return Err(ReportError::unreadable(format!(
                        "its elements are nested deeper than {DEEPEST}"
                    )));
                }
                open.push(Open { name: local_name(&start), text: String::new() });
            }
            Event::Empty(start) => {
                roots += usize::from(open.is_empty());
                notification.begin(&start)?;
            }
            Event::Text(text) => add(&mut open, &text.xml10_content()),
            Event::CData(text) => add(&mut open, &text.xml10_content()),
            Event::GeneralRef(entity) => add(&mut open, &resolved(&entity)?),
            Event::End(_) => {
                if let Some(Open { name, text }) = open.pop() {
                    let of_event = open.last().is_some_and(|outer| outer.name == "event");
                    let name = if of_event && name == "type" { "event" } else { name.as_str() };
                    notification.take(name, &text)?;
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    if !open.is_empty() {
        return Err(ReportError::unreadable("it ends before its elements do"));
    }
    if roots == 0 || !notification.is_known {
        return Err(ReportError::unreadable("it is no UserNotification"));
    }
    Ok(notification.report())
}

fn malformed(position: u64) -> ReportError {
    ReportError::unreadable(format!("it is no well-formed XML (at byte {position})"))
}

impl Notification {
    /// Attributes: only an Event has one that counts.
    fn begin(&mut self, start: &BytesStart<'_>) -> Result<(), ReportError> {
        let name = local_name(start);
        self.is_known |= name == "usernotification" || self.slot(&name).is_some();
        if name != "event" {
            return Ok(());
        }
        for attribute in start.attributes() {
            let attribute = attribute
                .map_err(|_| ReportError::unreadable("an attribute of Event is not well-formed"))?;
            let local = attribute.key.local_name();
            if local.as_ref().eq_ignore_ascii_case("type") {
                let value = attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_err(|_| ReportError::unreadable("the type of Event is not well-formed"))?;
                self.take("event", &value)?;
            }
        }
        Ok(())
    }

    /// The text of an element that has ended.
    fn take(&mut self, name: &str, raw: &str) -> Result<(), ReportError> {
        let Some(slot) = self.slot(name) else { return Ok(()) };
        if slot.is_none() {
            *slot = text::value(name, raw)?;
        }
        Ok(())
    }

    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "user" => Some(&mut self.user),
            "from" => Some(&mut self.from),
            "callerid" => Some(&mut self.caller_id),
            "target" => Some(&mut self.target),
            "time" => Some(&mut self.time),
            "callid" => Some(&mut self.call_id),
            "conversationid" => Some(&mut self.conversation_id),
            "event" => Some(&mut self.event),
            _ => None,
        }
    }

    fn report(self) -> Report {
        let mut identifiers: Vec<String> = Vec::new();
        for id in [&self.call_id, &self.conversation_id].into_iter().flatten() {
            if !identifiers.contains(id) {
                identifiers.push(id.clone());
            }
        }
        let event = self.event.as_deref().map_or(EventKind::Missed, EventKind::read);
        Report {
            caller: [&self.from, &self.caller_id, &self.target]
                .into_iter()
                .flatten()
                .find_map(|text| party::read(text)),
            called: self.user.as_deref().and_then(party::read),
            call_id: self.call_id,
            identifiers,
            time: self.time.as_deref().and_then(time::rfc3339),
            missed: event.is_missed(),
            elsewhere: event.is_elsewhere(),
        }
    }
}

/// Local names are compared without regard to case.
fn local_name(start: &BytesStart<'_>) -> String {
    let name = start.local_name();
    name.as_ref().to_ascii_lowercase()
}

/// Text belongs to the innermost element; outside the root there is none.
fn add(open: &mut [Open], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// `&#43;`, `&amp;` and its four kin (XML 1.0 §4.6); no other can be known.
fn resolved<'a>(entity: &'a BytesRef<'_>) -> Result<Cow<'a, str>, ReportError> {
    let unknown = || ReportError::unreadable("it refers to an entity that is not predefined");
    if let Some(character) = entity.resolve_char_ref().map_err(|_| unknown())? {
        return Ok(Cow::Owned(character.to_string()));
    }
    resolve_xml_entity(&entity.xml10_content()).map(Cow::Borrowed).ok_or_else(unknown)
}

/// UTF-8; UTF-16 where its byte order mark says so; else Latin-1, since one
/// byte of a name must not cost the whole report.
fn decoded(body: &[u8]) -> Cow<'_, str> {
    let wide = |read: fn([u8; 2]) -> u16, body: &[u8]| {
        let (pairs, _odd) = body.as_chunks::<2>();
        let units = pairs.iter().map(|pair| read(*pair));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    if let Some(body) = body.strip_prefix(b"\xFF\xFE") {
        return Cow::Owned(wide(u16::from_le_bytes, body));
    }
    if let Some(body) = body.strip_prefix(b"\xFE\xFF") {
        return Cow::Owned(wide(u16::from_be_bytes, body));
    }
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(body.iter().copied().map(char::from).collect()),
    }
}

#[cfg(test)]
mod tests;
