//! What is noted of a call on its way through the house: the words of each note.

use ringpost_call::{Action, Event};
use ringpost_delivery::{Claim, Filed, Settled};
use ringpost_lookup::{CalledRule, Choice, Looked, Standing, explain_called_user};
use ringpost_model::{CallRecord, Outcome, RemoteAudio, Stage, Verdict};
use ringpost_sip::{IncomingReport, Invitation};

use super::{Notes, Text};
use crate::config::Settings;
use crate::view;

impl Notes {
    /// A call has come, and this is whose it is, and why.
    pub fn arrived(&self, settings: &Settings, record: &CallRecord, invitation: &Invitation) {
        if !self.are_on() {
            return;
        }
        self.add(record, || {
            Text::new(format!("a call of peer {}, caller ", invitation.peer_name))
                .party(&invitation.caller)
        });
        let looked = explain_called_user(
            settings.called_rule,
            &invitation.diversions,
            &invitation.addressed,
            &settings.subscribers,
            &settings.plan,
        );
        self.looked_at(settings.called_rule, record, &looked);
        self.add(record, || match &invitation.audio {
            Some(audio) => Text::new(format!("sound offered: {}", sound(audio))),
            None => Text::new("no sound offered that can be spoken here"),
        });
    }

    fn looked_at(&self, rule: CalledRule, record: &CallRecord, looked: &[Looked]) {
        for (number, one) in looked.iter().enumerate() {
            let kind = if one.diverted { "Diversion" } else { "addressed" };
            let text = Text::new(format!("{}. {kind} ", number + 1)).party(&one.party);
            self.add(record, || match &one.standing {
                Standing::NotCounted => text.plain(format!(": not counted ({rule})")),
                Standing::Unknown => text.plain(": no subscriber"),
                Standing::Behind => text.plain(": not needed any more"),
                Standing::Chosen(subscriber) => {
                    text.plain(format!(": {}, {}", subscriber.user, reason(rule, one.diverted)))
                }
            });
        }
    }

    /// It was refused before anything else.
    pub fn refused(&self, record: &CallRecord, status: u16) {
        self.add(record, || {
            Text::new(match status {
                404 => "refused with 404: nobody of these is a subscriber",
                486 => "refused with 486: the limit of calls at once is reached",
                488 => "refused with 488: no sound that can be spoken here",
                503 => "refused with 503: the limit of calls is reached, or the server stops or cannot write",
                _ => return Text::new(format!("refused with {status}")),
            })
        });
    }

    /// The call has come so far.
    pub fn stage(&self, record: &CallRecord, stage: Stage) {
        self.add(record, || {
            let words = match stage {
                Stage::Ringing => "the phones ring",
                Stage::Forwarded => "forwarded, not answered yet",
                Stage::Greeting => "answered; the greeting plays",
                Stage::Recording => "the caller records a message",
            };
            Text::new(format!("state {}: {words}", stage.number()))
        });
    }

    /// Something happened to it. What SIP said alone stands in its messages.
    pub fn happened(&self, record: &CallRecord, event: &Event) {
        let words = match event {
            Event::Deadline
            | Event::Acknowledged
            | Event::VoiceStarted
            | Event::VoiceStopped
            | Event::Digit(_) => return,
            Event::Cancelled { elsewhere: true } | Event::HungUp { elsewhere: true } => {
                "answered elsewhere"
            }
            Event::Cancelled { elsewhere: false } => "the caller gave up",
            Event::HungUp { elsewhere: false } => "the caller hung up",
            Event::NotAcknowledged => "the answer was never acknowledged",
            Event::PromptFinished => "the greeting and its beep are over",
            Event::Held => "held by the caller",
            Event::Resumed => "the caller is back",
            Event::MediaFailed => "the sound failed",
            Event::RecordingClosed { duration, said } => {
                let (duration, said) = (duration.as_secs_f64(), said.as_secs_f64());
                self.add(record, || {
                    Text::new(format!(
                        "recording closed: {duration:.1} s, in {said:.1} s of it something is heard"
                    ))
                });
                return;
            }
            Event::RecordingLost => "there is no recording to be had",
            Event::ServerStopping => "the server stops",
        };
        self.add(record, || Text::new(words));
    }

    /// What is done about it.
    pub fn done(&self, record: &CallRecord, action: &Action) {
        let words = match action {
            // Their messages and states say so already.
            Action::Ring | Action::Answer | Action::StopRecording | Action::End(..) => return,
            Action::Play => "the greeting begins",
            Action::StartRecording => "the recording begins",
            Action::HangUp => "we hang up",
            Action::Refuse(status) => {
                self.add(record, || Text::new(format!("we refuse with {status}")));
                return;
            }
        };
        self.add(record, || Text::new(words));
    }

    /// Both ends of the sound, once it is agreed.
    pub fn sound(&self, record: &CallRecord, ours: std::net::SocketAddr, theirs: &RemoteAudio) {
        self.add(record, || Text::new(format!("sound: ours {ours}, theirs {}", sound(theirs))));
    }

    /// How it ended, and what the journal made of that.
    pub fn filed(&self, record: &CallRecord, filed: &Filed) {
        self.add(record, || outcome(record.outcome).plain(filing(filed)));
    }

    /// A report was filed: under the call it is about, and under its own Call-ID.
    pub fn reported(&self, record: &CallRecord, incoming: &IncomingReport, filed: &Filed) {
        let text = || {
            let who = record.subscriber.as_ref().map_or("nobody", |known| known.user.as_str());
            Text::new(format!("a report by {} of a call for {who}: ", record.ear.as_str()))
                .plain(format!("{}, {}", view::kind(record.outcome), view::why(record.outcome)))
                .plain(filing(filed))
        };
        self.add(record, text);
        if incoming.call_id != record.call_id {
            self.add_under(&record.id, &incoming.call_id, text);
        }
    }

    /// Who rang, as it was decided for a mail.
    pub fn identified(&self, record: &CallRecord, choice: &Choice) {
        if !self.are_on() {
            return;
        }
        for line in &choice.because {
            // Who was asked, and how long it took; what was said may name people.
            let (source, said) = line.split_once(": ").unwrap_or(("", line));
            self.add(record, || match said {
                "knows nobody by that" => Text::new(line.clone()),
                _ if source.ends_with(" ms)") => Text::new(format!("{source}: ")).name(said),
                _ => Text::default().name(line),
            });
        }
        let identity = &choice.identity;
        self.add(record, || match (&identity.name, identity.withheld) {
            (_, true) => Text::new("caller shown: withheld"),
            (Some(name), _) => Text::new("caller shown: ")
                .name(&name.text)
                .plain(format!(", says the {}, ", name.origin.as_str()))
                .address(&identity.raw),
            (None, _) => {
                Text::new("caller shown: ").address(&identity.raw).plain(", without a name")
            }
        });
    }

    /// What became of a mail.
    pub fn mailed(&self, claim: &Claim, verdict: &Verdict, settled: &Settled) {
        self.add(&claim.record, || {
            let (word, said) = match verdict {
                Verdict::Delivered { reply } => ("delivered", reply),
                Verdict::TryAgain { reason } => ("not taken now", reason),
                Verdict::Refused { reason } => ("refused", reason),
            };
            let then = match settled {
                Settled::Again { .. } => ", tried again later",
                Settled::Returned => ", returned to the postmaster",
                Settled::Dead => ", given up",
                Settled::Withdrawn => ", withdrawn for the voice mail of the same call",
                Settled::Delivered | Settled::Stale => "",
            };
            Text::new(format!("mail {} to ", claim.id))
                .address(&claim.recipient)
                .plain(format!(": {word}{then}: "))
                .name(said)
        });
    }
}

fn reason(rule: CalledRule, diverted: bool) -> String {
    match (diverted, rule) {
        (true, CalledRule::FirstKnown) => {
            format!("the oldest Diversion that is a subscriber ({rule})")
        }
        (true, CalledRule::First) => format!("the oldest Diversion ({rule})"),
        (true, CalledRule::Last) => format!("the newest Diversion ({rule})"),
        (false, _) => "the first one addressed that is a subscriber".to_owned(),
    }
}

fn sound(audio: &RemoteAudio) -> String {
    let protection = audio.srtp.map_or("unencrypted", |srtp| srtp.suite.name());
    let held = if audio.held { ", held" } else { "" };
    format!("{} {} {protection}{held}", audio.rtp, audio.codec.name())
}

fn outcome(outcome: Outcome) -> Text {
    Text::new(format!("ended: {}, {}", view::kind(outcome), view::why(outcome)))
}

fn filing(filed: &Filed) -> String {
    match filed {
        Filed::Told { mails } => format!("; mails: {mails}"),
        Filed::Silent => "; nobody is told".to_owned(),
        Filed::SameCall { told_by } => format!("; the same call is told of by {told_by}"),
        Filed::Held => "; it waits for the end of its live call".to_owned(),
    }
}
