//! Who is told of what, worked out from what went over the wire and from the
//! sound alone; no word of the machines is taken for it.

use std::time::{Duration, Instant};

use ringpost_call::{Hearing, same_call};
use ringpost_model::{Notify, Outcome, Why};

use super::caller::says_elsewhere;
use super::house::Sound;
use crate::wire::{Message, Method};

/// What really happened to one call.
#[derive(Debug, Default, Clone)]
pub(super) struct Facts {
    pub(super) invite_heard: bool,
    /// Every final status that our INVITE transaction sent.
    pub(super) finals: Vec<(Instant, u16)>,
    pub(super) ack_heard: Option<Instant>,
    /// CANCELs that were heard, and whether they say that somebody else took the call.
    pub(super) cancels: Vec<(Instant, bool)>,
    /// The same of BYE.
    pub(super) byes: Vec<(Instant, bool)>,
    pub(super) bye_sent: Option<Instant>,
    pub(super) info_heard: bool,
    pub(super) sound: Sound,
}

/// What the called user gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mails {
    pub(super) voice_mails: usize,
    pub(super) notifications: usize,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Row {
    /// No INVITE came through.
    NoCall,
    /// He gave up before the answer.
    Cancelled,
    /// Somebody else took the call.
    Elsewhere,
    /// He hung up in the greeting, or was never heard of again.
    InGreeting,
    /// A message was left.
    Message,
    /// The recording is too short or has nothing in it.
    Empty,
}

impl Row {
    /// The rows of calls that came through.
    pub(super) const ALL: [Row; 5] =
        [Row::Cancelled, Row::Elsewhere, Row::InGreeting, Row::Message, Row::Empty];
}

/// A BYE and the end of a recording that meet within this time may be taken in
/// either order: the house hears of the one a moment after the other was ordered.
const MEETING: Duration = Duration::from_millis(150);

impl Facts {
    /// A message of ours went onto the wire.
    pub(super) fn note_sent(&mut self, message: &Message, now: Instant) {
        match message {
            Message::Response(response)
                if response.status >= 200 && response.cseq().unwrap().1 == Method::INVITE =>
            {
                self.finals.push((now, response.status));
            }
            Message::Request(request) if request.method == Method::BYE => {
                self.bye_sent.get_or_insert(now);
            }
            Message::Response(_) | Message::Request(_) => {}
        }
    }

    /// A message of the caller came in.
    pub(super) fn note_heard(&mut self, text: &str, now: Instant) {
        let elsewhere = says_elsewhere(Some(text));
        match text.split(' ').next() {
            Some("INVITE") => self.invite_heard = true,
            Some("ACK") if self.finals.iter().any(|(_, status)| *status == 200) => {
                self.ack_heard.get_or_insert(now);
            }
            Some("CANCEL") if self.invite_heard => self.cancels.push((now, elsewhere)),
            Some("BYE") => self.byes.push((now, elsewhere)),
            _ => {}
        }
    }

    /// Which row it is; two where both are right.
    pub(super) fn rows(&self) -> Vec<Row> {
        let Some((answered, status)) = self.finals.first().copied() else {
            assert!(!self.invite_heard, "an INVITE was heard and never answered");
            return vec![Row::NoCall];
        };
        let others = self.finals.iter().filter(|(_, other)| *other != status);
        assert_eq!(others.count(), 0, "two final answers: {:?}", self.finals);
        if status != 200 {
            let ends = self.cancels.iter().chain(&self.byes).filter(|(at, _)| *at <= answered);
            let (_, elsewhere) = ends.min().expect("somebody asked for the end");
            return vec![if *elsewhere { Row::Elsewhere } else { Row::Cancelled }];
        }
        let heard = self.byes.iter().min().copied();
        let bye = heard.filter(|(at, _)| self.bye_sent.is_none_or(|sent| *at <= sent));
        // The greeting begins 300 ms after the ACK and takes 3 s; who stays longer
        // is recorded.
        let heard_out = self.ack_heard.is_some_and(|ack| {
            bye.is_none_or(|(at, _)| at >= ack + Duration::from_millis(3300) + MEETING)
        });
        assert!(!heard_out || self.sound.recorded.is_some(), "a message was not recorded");
        assert!(self.ack_heard.is_some() || self.sound.recorded.is_none(), "no ACK, and a message");
        let plain = match self.sound.recorded {
            None => Row::InGreeting,
            Some((length, said))
                if length >= Duration::from_secs(1) && said >= Duration::from_millis(300) =>
            {
                Row::Message
            }
            Some(_) => Row::Empty,
        };
        // The CANCEL that came too late to have an effect still says why he went,
        // if he did not stay for the greeting. One that comes after the end of the
        // call finds nobody.
        let in_time = |at: Instant| bye.is_none_or(|(bye, _)| at <= bye);
        let told_late = self.cancels.iter().any(|(at, elsewhere)| *elsewhere && in_time(*at));
        let at_once = match (bye, self.ack_heard) {
            (Some((bye, _)), Some(ack)) => bye < ack + Duration::from_secs(2),
            (Some(_), None) | (None, None) => true,
            (None, Some(_)) => false,
        };
        let elsewhere = bye.is_some_and(|(_, elsewhere)| elsewhere) || (told_late && at_once);
        match (elsewhere, self.sound.stopped, bye) {
            (true, Some(stopped), Some((bye, _))) if stopped + MEETING < bye => vec![plain],
            (true, Some(stopped), Some((bye, _))) if stopped < bye + MEETING => {
                vec![plain, Row::Elsewhere]
            }
            (true, ..) => vec![Row::Elsewhere],
            (false, ..) => vec![plain],
        }
    }

    /// The mails that this row makes in that deployment, together with the front
    /// end's report of the same call.
    pub(super) fn mails(&self, row: Row, notify: Notify) -> Mails {
        let server = notify == Notify::Server;
        let nothing = Mails::default();
        let notification = Mails { notifications: 1, ..nothing };
        let by_call = match row {
            Row::NoCall | Row::Elsewhere => nothing,
            // Only a server tells of calls that rang and stopped.
            Row::Cancelled => {
                if server {
                    notification
                } else {
                    nothing
                }
            }
            // Of a call that Ringpost answered it tells in every deployment.
            Row::InGreeting | Row::Empty => notification,
            Row::Message => Mails { voice_mails: 1, ..nothing },
        };
        if by_call == nothing && row != Row::Elsewhere && self.info_heard && server {
            return notification;
        }
        by_call
    }
}

/// What the journal makes of records of one call: a voice mail stands alone, a
/// notification goes out once, and none at all of a call taken elsewhere.
pub(super) fn mails(records: &[(Outcome, Hearing)]) -> Mails {
    let one = records.windows(2).all(|pair| same_call(&pair[0].1, &pair[1].1));
    assert!(one, "two calls of one: {records:?}");
    let any = |fits: fn(&Outcome) -> bool| records.iter().any(|(outcome, _)| fits(outcome));
    let voice = any(|outcome| matches!(outcome, Outcome::VoiceMail(_)));
    let missed = any(|outcome| matches!(outcome, Outcome::MissedCall(_)));
    let elsewhere = any(|outcome| *outcome == Outcome::Silent(Why::AnsweredElsewhere));
    Mails {
        voice_mails: usize::from(voice),
        notifications: usize::from(missed && !voice && !elsewhere),
    }
}
