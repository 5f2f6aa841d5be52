//! What is noted of a call on its way through the house: the words of each note.

use ringpost_call::{Action, Event};
use ringpost_delivery::{Claim, Filed, Settled};
use ringpost_lookup::{CalledRule, Choice, Looked, Standing, explain_called_user};
use ringpost_model::{CallRecord, RemoteAudio, Stage, Verdict};
use ringpost_sip::{IncomingReport, Invitation};

use super::Notes;
use super::text::Draft;
use crate::config::Settings;
use crate::view;

impl Notes {
    /// A call has come, and this is whose it is, and why.
    pub fn arrived(&self, settings: &Settings, record: &CallRecord, invitation: &Invitation) {
        if !self.are_on() {
            return;
        }
        self.add(record, |text| {
            let begun = text.plain("a call of peer ").plain(&invitation.peer_name);
            begun.plain(", caller ").party(&invitation.caller);
        });
        let looked = explain_called_user(
            settings.called_rule,
            &invitation.diversions,
            &invitation.addressed,
            &settings.subscribers,
            &settings.plan,
        );
        self.looked_at(settings.called_rule, record, &looked);
        self.add(record, |text| {
            match &invitation.audio {
                Some(audio) => sound(text.plain("sound offered: "), audio),
                None => text.plain("no sound offered that can be spoken here"),
            };
        });
    }

    fn looked_at(&self, rule: CalledRule, record: &CallRecord, looked: &[Looked]) {
        for (number, one) in looked.iter().enumerate() {
            let kind = if one.diverted { "Diversion" } else { "addressed" };
            self.add(record, |text| {
                text.plain(format_args!("{}. {kind} ", number + 1)).party(&one.party);
                match &one.standing {
                    Standing::NotCounted => text.plain(format_args!(": not counted ({rule})")),
                    Standing::Unknown => text.plain(": no subscriber"),
                    Standing::Behind => text.plain(": not needed any more"),
                    Standing::Chosen(subscriber) => {
                        let user = &subscriber.user;
                        text.plain(": ").plain(user).plain(", ");
                        text.plain(reason(rule, one.diverted));
                        if one.diverted { text.plain(format_args!(" ({rule})")) } else { text }
                    }
                };
            });
        }
    }

    /// It was refused before anything else.
    pub fn refused(&self, record: &CallRecord, status: u16) {
        self.add(record, |text| {
            text.plain(match status {
                404 => "refused with 404: nobody of these is a subscriber",
                486 => "refused with 486: the limit of calls at once is reached",
                488 => "refused with 488: no sound that can be spoken here",
                503 => "refused with 503: the limit of calls is reached, or the server stops or cannot write",
                _ => {
                    text.plain(format_args!("refused with {status}"));
                    return;
                }
            });
        });
    }

    /// The call has come so far.
    pub fn stage(&self, record: &CallRecord, stage: Stage) {
        self.add(record, |text| {
            let words = match stage {
                Stage::Ringing => "the phones ring",
                Stage::Forwarded => "forwarded, not answered yet",
                Stage::Greeting => "answered; the greeting plays",
                Stage::Recording => "the caller records a message",
            };
            text.plain(format_args!("state {}: {words}", stage.number()));
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
                self.add(record, |text| {
                    text.plain(format_args!(
                        "recording closed: {duration:.1} s, in {said:.1} s of it something is heard"
                    ));
                });
                return;
            }
            Event::RecordingLost => "there is no recording to be had",
            Event::ServerStopping => "the server stops",
        };
        self.add(record, |text| {
            text.plain(words);
        });
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
                self.add(record, |text| {
                    text.plain(format_args!("we refuse with {status}"));
                });
                return;
            }
        };
        self.add(record, |text| {
            text.plain(words);
        });
    }

    /// Both ends of the sound, once it is agreed.
    pub fn sound(&self, record: &CallRecord, ours: std::net::SocketAddr, theirs: &RemoteAudio) {
        self.add(record, |text| {
            sound(text.plain(format_args!("sound: ours {ours}, theirs ")), theirs);
        });
    }

    /// How it ended, and what the journal made of that.
    pub fn filed(&self, record: &CallRecord, filed: &Filed) {
        self.add(record, |text| {
            text.plain("ended: ").plain(view::kind(record.outcome)).plain(", ");
            filing(text.plain(view::why(record.outcome)), filed);
        });
    }

    /// A report was filed: under the call it is about, and under its own Call-ID.
    pub fn reported(&self, record: &CallRecord, incoming: &IncomingReport, filed: &Filed) {
        let text = |text: &mut Draft<'_>| {
            let who = record.subscriber.as_ref().map_or("nobody", |known| known.user.as_str());
            let (ear, outcome) = (record.ear.as_str(), record.outcome);
            text.plain(format_args!("a report by {ear} of a call for {who}: "));
            let what = format_args!("{}, {}", view::kind(outcome), view::why(outcome));
            filing(text.plain(what), filed);
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
            self.add(record, |text| {
                match said {
                    "knows nobody by that" => text.plain(line),
                    _ if source.ends_with(" ms)") => text.plain(source).plain(": ").name(said),
                    _ => text.name(line),
                };
            });
        }
        let identity = &choice.identity;
        self.add(record, |text| {
            text.plain("caller shown: ");
            match (&identity.name, identity.withheld) {
                (_, true) => text.plain("withheld"),
                (Some(name), _) => text
                    .name(&name.text)
                    .plain(format_args!(", says the {}, ", name.origin.as_str()))
                    .address(&identity.raw),
                (None, _) => text.address(&identity.raw).plain(", without a name"),
            };
        });
    }

    /// What became of a mail.
    pub fn mailed(&self, claim: &Claim, verdict: &Verdict, settled: &Settled) {
        self.add(&claim.record, |text| {
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
            text.plain(format_args!("mail {} to ", claim.id))
                .address(&claim.recipient)
                .plain(format_args!(": {word}{then}: "))
                .name(said);
        });
    }
}

fn reason(rule: CalledRule, diverted: bool) -> &'static str {
    match (diverted, rule) {
        (true, CalledRule::FirstKnown) => "the oldest Diversion that is a subscriber",
        (true, CalledRule::First) => "the oldest Diversion",
        (true, CalledRule::Last) => "the newest Diversion",
        (false, _) => "the first one addressed that is a subscriber",
    }
}

fn sound<'a, 'b>(text: &'a mut Draft<'b>, audio: &RemoteAudio) -> &'a mut Draft<'b> {
    let protection = audio.srtp.map_or("unencrypted", |srtp| srtp.suite.name());
    let held = if audio.held { ", held" } else { "" };
    text.plain(format_args!("{} {} {protection}{held}", audio.rtp, audio.codec.name()))
}

fn filing(text: &mut Draft<'_>, filed: &Filed) {
    match filed {
        Filed::Told { mails } => text.plain("; mails: ").plain(mails),
        Filed::Silent => text.plain("; nobody is told"),
        Filed::SameCall { told_by } => text.plain("; the same call is told of by ").plain(told_by),
        Filed::Held => text.plain("; it waits for the end of its live call"),
    };
}
