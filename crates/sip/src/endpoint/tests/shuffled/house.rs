//! The house for one call: the machine of `ringpost-call`, wired as the server
//! does it, with sound that is only told of. One machine for each deployment
//! hears the same; all three have to act alike but for their outcome.

use std::time::{Duration, Instant};

use ringpost_call::{Action, Call, Event, Policy};
use ringpost_model::{Notify, Outcome};

use super::super::*;
use super::caller::Script;

pub(super) const DEPLOYMENTS: [Notify; 3] = [Notify::Server, Notify::Client, Notify::Pbx];

const PROMPT: Duration = Duration::from_secs(3);

/// What the sound did, in truth.
#[derive(Debug, Default, Clone)]
pub(super) struct Sound {
    pub(super) recorded: Option<(Duration, Duration)>,
    /// Ringpost closed the recording of its own accord then.
    pub(super) stopped: Option<Instant>,
    began: Option<Instant>,
}

/// One call in the house's hands.
#[derive(Debug)]
pub(super) struct Lead {
    pub(super) incoming: IncomingCall,
    machines: [Call; 3],
    /// Each end that a machine came to.
    pub(super) ends: [Vec<Outcome>; 3],
    pub(super) sound: Sound,
    speaks: Duration,
    /// What the sound will say, and when.
    will: Vec<(Instant, Event)>,
}

impl Lead {
    pub(super) fn new(incoming: IncomingCall, script: &Script, now: Instant) -> Self {
        let policy = |notify| Policy {
            notify,
            missed_calls: true,
            answer_after: script.answer_after,
            greeting_delay: Duration::from_millis(300),
            greeting: Duration::from_secs(300),
            recording: Duration::from_secs(1200),
            call: Duration::from_secs(1800),
            silence: Duration::from_secs(5),
            minimum_message: Duration::from_secs(1),
            minimum_said: Duration::from_millis(300),
        };
        Self {
            incoming,
            machines: DEPLOYMENTS.map(|notify| Call::new(policy(notify), now)),
            ends: Default::default(),
            sound: Sound::default(),
            speaks: script.speaks,
            will: Vec::new(),
        }
    }

    /// What was signalled, in the machine's words.
    pub(super) fn heard(signal: &Signal) -> Option<Event> {
        Some(match *signal {
            Signal::Cancelled { elsewhere } => Event::Cancelled { elsewhere },
            Signal::Acknowledged => Event::Acknowledged,
            Signal::NotAcknowledged => Event::NotAcknowledged,
            Signal::HungUp { elsewhere } => Event::HungUp { elsewhere },
            Signal::Held => Event::Held,
            Signal::Resumed => Event::Resumed,
            Signal::MediaMoved(_) | Signal::CallerChanged(_) => return None,
        })
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let sound = self.will.iter().map(|(at, _)| *at);
        sound.chain(self.machines[0].deadline()).min()
    }

    /// Whatever of sound and machine is due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        while let Some(next) = self.will.iter().position(|(at, _)| *at <= now) {
            let (_, event) = self.will.remove(next);
            actions.extend(self.handle(event, now));
        }
        if self.machines[0].deadline().is_some_and(|at| at <= now) {
            actions.extend(self.handle(Event::Deadline, now));
        }
        actions
    }

    pub(super) fn handle(&mut self, event: Event, now: Instant) -> Vec<Action> {
        for machine in &mut self.machines {
            machine.handle(event, now);
        }
        self.act(now)
    }

    /// What the machines want of SIP; the sound's part is done here.
    pub(super) fn act(&mut self, now: Instant) -> Vec<Action> {
        let mut all: [Vec<Action>; 3] = Default::default();
        for ((machine, actions), ends) in self.machines.iter_mut().zip(&mut all).zip(&mut self.ends)
        {
            while let Some(action) = machine.poll_action() {
                match action {
                    Action::End(outcome, _) => ends.push(outcome),
                    other => actions.push(other),
                }
            }
        }
        let [actions, client, pbx] = all;
        assert!(actions == client && actions == pbx, "the deployments act differently");
        for action in &actions {
            match action {
                Action::Play => self.will.push((now + PROMPT, Event::PromptFinished)),
                Action::StartRecording => {
                    self.sound.began = Some(now);
                    if !self.speaks.is_zero() {
                        self.will.push((now, Event::VoiceStarted));
                        self.will.push((now + self.speaks, Event::VoiceStopped));
                    }
                }
                Action::StopRecording => {
                    let duration = now - self.sound.began.expect("a recording to stop");
                    let said = duration.min(self.speaks);
                    self.sound.recorded = Some((duration, said));
                    self.sound.stopped = actions.contains(&Action::HangUp).then_some(now);
                    let closed = Event::RecordingClosed { duration, said };
                    self.will.push((now + Duration::from_millis(30), closed));
                }
                Action::HangUp => self.will.retain(|(_, will)| *will != Event::PromptFinished),
                Action::Ring | Action::Answer | Action::Refuse(_) | Action::End(..) => {}
            }
        }
        actions
    }

    pub(super) fn is_over(&self) -> bool {
        self.machines.iter().all(Call::is_over)
    }
}
