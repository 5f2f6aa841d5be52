//! Whether everything that was said arrived: every mail once, every frame in it.

use std::collections::HashMap;

use super::frames::{self, Recorded};
use super::result::CallResult;
use super::sink::Mail;
use crate::letter::{self, Letter};

/// What the mails of a load hold.
#[derive(Debug, Default)]
pub struct Checked {
    /// What is wrong, each with the number of its call.
    pub faults: Vec<String>,
    /// Frames of all recordings.
    pub frames: usize,
    /// Frames that were sent and are not in their recording.
    pub lost: usize,
    /// Of each recording: its length in seconds.
    pub seconds: Vec<f64>,
}

/// Frames that may go by between the greeting's end and the recording's begin, the
/// two sides having begun to speak at different moments.
const BEFORE_RECORDING: u16 = 25;

/// Samples of quiet at either end, where a caller begins late or hangs up late:
/// half a second.
const AROUND: usize = 4000;

/// Checks that each of these calls, which left a voice mail or were missed, is told
/// of by exactly one mail of its kind, and that each recording is whole. The bytes of
/// the mails must have been kept.
pub fn check_mails(calls: &[CallResult], mails: &[Mail]) -> Checked {
    let mut checked = Checked::default();
    let mut by_call = HashMap::<u32, Vec<&Mail>>::new();
    for mail in mails {
        match mail.call {
            Some(call) => by_call.entry(call).or_default().push(mail),
            None => checked.faults.push(format!("a mail of {} octets about no call", mail.size)),
        }
    }
    for call in calls {
        match by_call.remove(&call.number).unwrap_or_default().as_slice() {
            [mail] => checked.check(call, mail),
            others => checked.faults.push(format!("call {}: {} mails", call.number, others.len())),
        }
    }
    for call in by_call.keys() {
        checked.faults.push(format!("a mail about call {call}, which was not placed"));
    }
    checked
}

impl Checked {
    fn check(&mut self, call: &CallResult, mail: &Mail) {
        if mail.bytes.is_empty() {
            return;
        }
        let letter = Letter::read(mail.bytes.clone());
        let voice = call.sound.sent > call.sound.received + 2 * BEFORE_RECORDING;
        let expected = if voice { letter::Kind::VoiceMail } else { letter::Kind::MissedCall };
        if letter.kind() != expected {
            return self.faults.push(format!(
                "call {}: a mail of kind {:?}",
                call.number,
                letter.kind()
            ));
        }
        if voice {
            let wav = letter.sound();
            self.seconds.push(wav.samples.len() as f64 / f64::from(wav.rate));
            let found = frames::check(&wav, call.number);
            self.recorded(call, &found);
        }
    }

    fn recorded(&mut self, call: &CallResult, found: &Recorded) {
        let lost = found.lost(call.sound.sent);
        self.frames += found.frames;
        self.lost += lost;
        let late = found.first.is_none_or(|first| first > call.sound.received + BEFORE_RECORDING);
        let torn = found.between > 0 || found.before > AROUND;
        if lost > 0 || late || torn || found.behind > AROUND {
            let Recorded { first, last, missing, before, between, behind, .. } = found;
            self.faults.push(format!(
                "call {}: of {} frames the recording has {first:?} to {last:?}, lacks {} of \
                 them ({:?} …); samples beside: {before} before, {between} between, {behind} behind",
                call.number,
                call.sound.sent,
                missing.len(),
                missing.first(),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::load::Kind;

    fn mail(call: Option<u32>) -> Mail {
        Mail { at: Duration::ZERO, call, size: 10, bytes: Vec::new() }
    }

    #[test]
    fn a_mail_too_few_and_one_too_many_are_faults() {
        let calls: Vec<CallResult> =
            (0..4).map(|number| CallResult::new(number, Kind::MISSED)).collect();
        let mut mails: Vec<Mail> = (0..4).map(|call| mail(Some(call))).collect();
        assert_eq!(check_mails(&calls, &mails).faults, [""; 0]);
        mails[1].call = Some(2);
        mails[3].call = None;
        mails.push(mail(Some(9)));
        let faults = check_mails(&calls, &mails).faults;
        assert_eq!(
            faults,
            [
                "a mail of 10 octets about no call",
                "call 1: 0 mails",
                "call 2: 2 mails",
                "call 3: 0 mails",
                "a mail about call 9, which was not placed"
            ]
        );
    }
}
