//! What must have become of a call, by what its caller saw of it and by the
//! moment of the kill. Times are since 1970.

use std::time::{Duration, Instant};

use ringpost_tests::letter::{Kind, Letter};
use ringpost_tests::load::{CallResult, frames};
use ringpost_tests::mail_sink::Taken;

/// An answered call is in the journal within 100 ms, and this machine has other
/// work.
const OPENED: Duration = Duration::from_millis(500);
/// The last second may be lost, and half a one where the machine has other work.
const LAST_SECOND: Duration = Duration::from_millis(1500);
/// Recordings shorter than this are no message.
const SHORTEST: Duration = Duration::from_secs(1);
/// What two clocks may differ by about the end of the beep.
const ABOUT: Duration = Duration::from_millis(200);
/// Frames between the end of the beep as heard and the first that is recorded.
const FIRST: u16 = 25;
/// From a 250 to our own note of it.
const NOTED: Duration = Duration::from_secs(1);

/// What may have become of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// No mail at all.
    pub nothing: bool,
    /// A notification.
    pub missed: bool,
    /// A voice mail with every frame up to this one, which is not counted.
    pub voice: Option<u16>,
}

impl Due {
    /// Nobody was to hear of it.
    pub const NOTHING: Self = Self { nothing: true, missed: false, voice: None };
    /// A notification and nothing else.
    pub const MISSED: Self = Self { nothing: false, missed: true, voice: None };
}

/// What is due to an answered call, or to one that was not answered any more.
/// `greeting` is its length in packets; `late` how late the caller was at most.
pub fn due(call: &CallResult, killed: Option<Duration>, greeting: u16, late: Duration) -> Due {
    let Some(answered) = call.answered else {
        // It may be on its way: decided, noted, and the 200 never sent.
        return Due { missed: call.begun.is_some(), ..Due::NOTHING };
    };
    let speaks = answered + Duration::from_millis(300);
    let frames_by = |moment: Duration| {
        let frames = moment.saturating_sub(speaks).as_millis() / 20;
        u16::try_from(frames).unwrap_or(u16::MAX).min(call.sound.sent)
    };
    let left = call.hung_up.unwrap_or(Duration::MAX);
    let gone = killed.unwrap_or(Duration::MAX);
    // Whether it was at its end when the kill came, and safe.
    let whole = left.saturating_add(LAST_SECOND) < gone;
    let end = left.min(gone);
    let safe = if whole { end } else { end.min(gone.saturating_sub(LAST_SECOND)) };
    let beeped = call.sound.last.filter(|_| call.sound.received >= greeting);
    let recorded =
        |until: Duration| beeped.map_or(Duration::ZERO, |from| until.saturating_sub(from));
    let through = if whole { call.sound.sent } else { frames_by(safe.saturating_sub(late)) };
    Due {
        nothing: gone.saturating_sub(answered) < OPENED,
        missed: recorded(safe) < SHORTEST + ABOUT,
        voice: (recorded(end) + ABOUT > SHORTEST && beeped.is_some()).then_some(through),
    }
}

/// What became of it, by its mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// No mail.
    Nothing,
    /// A notification.
    Missed,
    /// A voice mail; so many of its last frames were lost.
    Voice(u16),
}

/// Whether that was due; what is wrong otherwise.
pub fn check(due: Due, call: Option<&CallResult>, mails: &[&Taken]) -> Result<Became, String> {
    let Some(first) = mails.first() else {
        return if due.nothing { Ok(Became::Nothing) } else { Err(format!("lost: {due:?}")) };
    };
    let letter = &first.letter;
    if mails.iter().any(|mail| mail.letter.message_id != letter.message_id) {
        return Err("told of by different mails".into());
    }
    if mails.iter().any(|mail| mail.letter.raw != letter.raw) {
        return Err("copies that differ".into());
    }
    match (letter.kind(), due.voice, call) {
        (Kind::MissedCall, ..) if due.missed => Ok(Became::Missed),
        (Kind::VoiceMail, Some(through), Some(call)) => check_sound(letter, call, through),
        (kind, ..) => Err(format!("{kind:?}, and {due:?} was due")),
    }
}

fn check_sound(letter: &Letter, call: &CallResult, through: u16) -> Result<Became, String> {
    let found = frames::check(&letter.sound(), call.number);
    let sent = call.sound.sent;
    let last = found.last.unwrap_or(0);
    let begins = found.first.is_some_and(|first| first <= call.sound.received + FIRST);
    let goes_on = found.missing.is_empty() && found.between == 0;
    if begins && goes_on && last + 1 >= through {
        return Ok(Became::Voice((sent - 1).saturating_sub(last)));
    }
    Err(format!(
        "of {sent} frames there should be all from {} to {through}; there are {:?} to {:?} \
         without {:?} and with {} samples between them",
        call.sound.received, found.first, found.last, found.missing, found.between
    ))
}

/// Whether a mail may have been sent again after this copy of it: the server's
/// reply was lost, or there was no time to note it.
pub fn may_be_repeated(mail: &Taken, killed: &[Instant]) -> bool {
    let unnoted = |killed: &Instant| {
        // What was on its way at the kill is read behind it.
        mail.at < *killed + NOTED && *killed < mail.at + NOTED
    };
    !mail.answered || killed.iter().any(unnoted)
}
