//! English.

use std::fmt::Write as _;

use jiff::Zoned;
use ringpost_model::{PhoneKind, Why};

use super::among_words;
use crate::when;

/// BCP 47 tag of this language.
pub(crate) const LANGUAGE: &str = "en";

/// A caller who asked not to be named.
pub(crate) const WITHHELD_CALLER: &str = "a withheld number";
/// A caller of whom the network said nothing.
pub(crate) const UNKNOWN_CALLER: &str = "an unknown caller";
/// Beside a name that nobody but the network vouches for.
pub(crate) const UNVERIFIED: &str = "unverified, as sent by the caller's phone system";

/// Labels of the rows.
pub(crate) const CALLER: &str = "Caller";
pub(crate) const CALLER_ID: &str = "Caller ID";
pub(crate) const NUMBER: &str = "Number";
pub(crate) const EXTENSION: &str = "Extension";
pub(crate) const SIP_ADDRESS: &str = "SIP address";
pub(crate) const JOB_TITLE: &str = "Job title";
pub(crate) const COMPANY: &str = "Company";
pub(crate) const E_MAIL: &str = "E-mail";
pub(crate) const INSTANT_MESSAGES: &str = "IM address";
pub(crate) const WHEN: &str = "Time";
pub(crate) const LENGTH: &str = "Length";
pub(crate) const CALLED: &str = "Called number";

/// In the row of the caller id.
pub(crate) const CALLER_ID_WITHHELD: &str = "withheld";
/// In the row of the caller id.
pub(crate) const CALLER_ID_MISSING: &str = "none was sent";

/// Under the headline of a voice mail.
pub(crate) const RECORDING_ATTACHED: &str = "The recording is attached to this message.";
/// Under the headline of a voice mail whose last words are missing.
pub(crate) const RECORDING_INTERRUPTED: &str = "The recording may end too early: the voice mail \
server was restarted while the caller was speaking.";

/// Display name of reports to the postmaster.
pub(crate) const SERVICE_NAME: &str = "Ringpost";
/// In a report, for a recipient of which nothing can be shown.
pub(crate) const UNREADABLE_ADDRESS: &str = "an unreadable address";
/// In a report, where the mail server gave no reason.
pub(crate) const NO_REASON: &str = "none was given";

/// Label of one telephone of the caller.
pub(crate) fn phone(kind: PhoneKind) -> &'static str {
    match kind {
        PhoneKind::Work => "Work",
        PhoneKind::Mobile => "Mobile",
        PhoneKind::Home => "Home",
        PhoneKind::Other => "Phone",
    }
}

/// Subject of a missed call notification.
pub(crate) fn missed_call_subject(who: &str) -> String {
    format!("Missed Call from {who}")
}

/// Subject of a voice mail; the length in whole seconds, where it is known.
pub(crate) fn voice_mail_subject(who: &str, length: Option<u64>) -> String {
    match length {
        Some(count) => format!("Voice Mail from {} ({})", among_words(who), seconds(count)),
        None => format!("Voice Mail from {who}"),
    }
}

/// File name of a recording, without its extension.
pub(crate) fn recording_name(who: &str, length: Option<u64>) -> String {
    match length {
        Some(count) => format!("{who} ({}) Voice Mail", seconds(count)),
        None => format!("{who} Voice Mail"),
    }
}

/// First sentence of a missed call notification.
pub(crate) fn missed_call_headline(who: &str, number: Option<&str>) -> String {
    format!("You missed a call from {}.", with_number(who, number))
}

/// First sentence of a voice mail.
pub(crate) fn voice_mail_headline(who: &str, number: Option<&str>, length: Option<u64>) -> String {
    let who = with_number(who, number);
    match length {
        Some(count) => format!("You have a voice mail of {} from {who}.", minutes(count)),
        None => format!("You have a voice mail from {who}."),
    }
}

/// What happened, for a missed call; `None` where there is no more to say.
pub(crate) fn how_it_was_missed(why: Why) -> Option<&'static str> {
    match why {
        Why::HungUpInGreeting => Some("The caller hung up while the greeting was playing."),
        Why::TooShort | Why::NothingSaid => {
            Some("The caller reached your voice mail and left no message.")
        }
        Why::Cancelled => Some("The caller hung up before the call was answered."),
        Why::Reported => Some("The call rang and was not answered."),
        Why::Interrupted => {
            Some("The call was cut off in the greeting: the voice mail server was restarted.")
        }
        Why::MediaFailed => {
            Some("The caller reached your voice mail, but no sound could be recorded.")
        }
        Why::NoAck => {
            Some("Voice mail answered, but the connection to the caller was never completed.")
        }
        Why::MessageLeft
        | Why::AnsweredElsewhere
        | Why::NotMissed
        | Why::NotWanted
        | Why::NotOurs
        | Why::SameCall
        | Why::Refused(_)
        | Why::TooMany => None,
    }
}

/// Under the headline of a voice mail that comes without its sound.
pub(crate) fn recording_unreadable(id: &str) -> String {
    format!(
        "The recording could not be read, so no sound is attached. Please ask your administrator \
         to look for message {id}."
    )
}

/// `1 second`, `75 seconds`.
pub(crate) fn seconds(count: u64) -> String {
    counted(count, "second")
}

/// `8 seconds`, `1 minute`, `2 minutes 5 seconds`.
pub(crate) fn minutes(count: u64) -> String {
    match (count / 60, count % 60) {
        (0, rest) => seconds(rest),
        (whole, 0) => counted(whole, "minute"),
        (whole, rest) => format!("{} {}", counted(whole, "minute"), seconds(rest)),
    }
}

/// `Friday, June 12, 2026, 10:04 AM PDT`; where the subscriber's zone is not
/// known, its name beside the time in UTC.
pub(crate) fn moment(zoned: &Zoned, unknown_zone: Option<&str>) -> String {
    let mut text = jiff::fmt::strtime::format("%A, %B %-d, %Y, %-I:%M %p", zoned)
        .unwrap_or_else(|_| when::date(zoned));
    // Writing to a String cannot fail.
    let _ = write!(text, " {}", when::abbreviation(zoned));
    if let Some(name) = unknown_zone {
        let _ = write!(text, " (the time zone {name} is not known)");
    }
    text
}

/// An extension among numbers.
pub(crate) fn extension(digits: &str) -> String {
    format!("extension {digits}")
}

/// Subject of a report to the postmaster.
pub(crate) fn returned_subject(is_voice_mail: bool, recipient: &str) -> String {
    let kind = if is_voice_mail { "voice mail" } else { "missed call notification" };
    format!("Undeliverable {kind} for {recipient}")
}

/// What a report to the postmaster says.
pub(crate) struct Returned<'a> {
    /// Voice mail or notification?
    pub is_voice_mail: bool,
    /// Who did not take it.
    pub recipient: &'a str,
    /// What was said to the last attempt.
    pub reason: &'a str,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub given_up: String,
    /// Id of the record.
    pub id: &'a str,
    /// The original stands in the report as a whole, not by its headers alone.
    pub is_whole: bool,
}

impl Returned<'_> {
    /// The text of the report.
    pub(crate) fn text(&self) -> String {
        let Self { recipient, reason, given_up, id, .. } = self;
        let kind = if self.is_voice_mail { "voice mail" } else { "missed call notification" };
        let kept = if self.is_voice_mail {
            "Nothing is lost: the message and its recording are kept."
        } else {
            "Nothing is lost: the message is kept."
        };
        let attached = if self.is_whole {
            "The message is attached as it was sent."
        } else {
            "The message is too large to be attached; its headers are."
        };
        let attempts = counted(u64::from(self.attempts), "attempt");
        format!(
            "A {kind} could not be delivered and is not tried again by itself.\n\
             \n\
             Recipient: {recipient}\n\
             Reason:    {reason}\n\
             Tried:     {attempts}, the last on {given_up}\n\
             Message:   {id}\n\
             \n\
             {kept} When the cause is put right,\n\
             send it again on the server that runs Ringpost:\n\
             \n    \
             ringpost messages retry {id}\n\
             \n\
             {attached}\n"
        )
    }
}

fn with_number(who: &str, number: Option<&str>) -> String {
    match number {
        Some(number) => format!("{}, {number}", among_words(who)),
        None => among_words(who),
    }
}

fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_are_right() {
        for (count, subject, length) in [
            (0, "0 seconds", "0 seconds"),
            (1, "1 second", "1 second"),
            (59, "59 seconds", "59 seconds"),
            (60, "60 seconds", "1 minute"),
            (61, "61 seconds", "1 minute 1 second"),
            (125, "125 seconds", "2 minutes 5 seconds"),
            (1200, "1200 seconds", "20 minutes"),
        ] {
            assert_eq!(seconds(count), subject);
            assert_eq!(minutes(count), length);
        }
    }

    #[test]
    fn a_number_in_brackets_stays_behind_a_name_from_right_to_left() {
        assert_eq!(voice_mail_subject("محمد", Some(8)), "Voice Mail from محمد\u{200E} (8 seconds)");
        assert_eq!(voice_mail_subject("Bob", Some(8)), "Voice Mail from Bob (8 seconds)");
    }
}
