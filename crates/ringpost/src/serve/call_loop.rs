//! One call: joins SIP, sound and clock to the machine. The only place that
//! knows all three.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringpost_call::{Action, Call, Event, Policy, outcome_of_interrupted};
use ringpost_delivery::{Journal, JournalError, OpenCall};
use ringpost_media::{MediaError, MediaEvent, Recorded, Stream, StreamConfig};
use ringpost_model::{
    CallRecord, Ear, Outcome, Party, Recording, RemoteAudio, Stage, Subscriber, Timestamp, Why,
};
use ringpost_sip::{Answer, CallControl, IncomingCall, Invitation, Signal};
use tokio::sync::mpsc;

use super::live::Place;
use super::node::{Node, now};
use crate::config::CallLimits;

/// What a caller is told to wait before trying again, in seconds.
pub const RETRY_AFTER_SECONDS: u32 = 5;

/// A call to somebody we know, with everything decided but its course.
pub struct Accepted {
    /// Our id of the call.
    pub id: String,
    /// Who is called, as the network said it.
    pub called: Party,
    /// Who that is.
    pub subscriber: Arc<Subscriber>,
    /// The sound offered.
    pub audio: RemoteAudio,
    /// When the call came.
    pub received: Timestamp,
    /// Its place among the live calls.
    pub place: Place,
    /// Our end of the sound, not connected yet.
    pub stream: Stream,
    /// What the sound does.
    pub media: mpsc::UnboundedReceiver<MediaEvent>,
}

/// Leads the call to its one end and files it.
pub async fn run(node: Arc<Node>, incoming: IncomingCall, accepted: Accepted) {
    let IncomingCall { invitation, signals, control } = incoming;
    let policy = policy(&node.settings.limits, &accepted.subscriber);
    let conversation = Conversation {
        call: Call::new(policy, Instant::now()),
        node,
        invitation,
        accepted,
        control,
        answered: None,
        recording: None,
        opening: None,
    };
    conversation.lead(signals).await;
}

/// Binds the sound's port for a call.
///
/// # Errors
/// The media engine's: no port is free, or no file may be opened any more.
pub fn open_sound(
    node: &Node,
    invitation: &Invitation,
) -> Result<(Stream, mpsc::UnboundedReceiver<MediaEvent>), MediaError> {
    let settings = &node.settings;
    let local = settings.media_address.unwrap_or(invitation.local_ip);
    node.engine.open(StreamConfig { local, nat: settings.media_nat })
}

/// The rules of one call.
pub fn policy(limits: &CallLimits, subscriber: &Subscriber) -> Policy {
    Policy {
        notify: subscriber.notify,
        missed_calls: subscriber.missed_calls,
        answer_after: subscriber.answer_after.unwrap_or(limits.answer_after),
        greeting_delay: Duration::from_millis(300),
        greeting: limits.greeting,
        recording: limits.recording,
        call: limits.call,
        silence: limits.silence,
        minimum_message: limits.minimum_message,
        minimum_said: Duration::from_millis(300),
    }
}

type Opening = Pin<Box<dyn Future<Output = Result<(), JournalError>> + Send>>;

struct Conversation {
    call: Call,
    node: Arc<Node>,
    invitation: Invitation,
    accepted: Accepted,
    control: CallControl,
    answered: Option<Timestamp>,
    recording: Option<Recorded>,
    opening: Option<Opening>,
}

impl Conversation {
    async fn lead(mut self, mut signals: mpsc::UnboundedReceiver<Signal>) {
        let mut stopping = self.node.stopping.clone();
        let (mut dialog_gone, mut told_to_stop) = (false, false);
        loop {
            while let Some(action) = self.call.poll_action() {
                if let Action::End(outcome, stage) = action {
                    return self.end(outcome, stage).await;
                }
                self.act(action).await;
            }
            self.accepted.place.now_in(self.call.stage());
            let deadline = self.call.deadline().map(tokio::time::Instant::from_std);
            let event = tokio::select! {
                biased;
                signal = signals.recv(), if !dialog_gone => match signal {
                    Some(signal) => self.heard(signal),
                    None => {
                        dialog_gone = true;
                        Some(Event::HungUp { elsewhere: false })
                    }
                },
                Some(event) = self.accepted.media.recv() => self.sounded(event),
                result = opened(&mut self.opening), if self.opening.is_some() => {
                    self.opening = None;
                    if let Err(error) = result {
                        tracing::error!(%error, "an open call is not in the journal; it is filed at its end");
                    }
                    None
                }
                () = reached(deadline), if deadline.is_some() => Some(Event::Deadline),
                _ = stopping.wait_for(|stop| *stop), if !told_to_stop => {
                    told_to_stop = true;
                    Some(Event::ServerStopping)
                }
            };
            if let Some(event) = event {
                self.call.handle(event, Instant::now());
            }
        }
    }

    /// What SIP said, in the machine's words.
    fn heard(&mut self, signal: Signal) -> Option<Event> {
        Some(match signal {
            Signal::Cancelled { elsewhere } => Event::Cancelled { elsewhere },
            Signal::Acknowledged => Event::Acknowledged,
            Signal::NotAcknowledged => Event::NotAcknowledged,
            Signal::HungUp { elsewhere } => Event::HungUp { elsewhere },
            Signal::Held => {
                self.accepted.stream.hold(true);
                Event::Held
            }
            Signal::Resumed => {
                self.accepted.stream.hold(false);
                Event::Resumed
            }
            Signal::MediaMoved(remote) => {
                self.accepted.stream.connect(remote);
                return None;
            }
        })
    }

    /// What the sound did, in the machine's words.
    fn sounded(&mut self, event: MediaEvent) -> Option<Event> {
        Some(match event {
            MediaEvent::PromptFinished => Event::PromptFinished,
            MediaEvent::Digit(digit) => Event::Digit(digit),
            MediaEvent::VoiceStarted => Event::VoiceStarted,
            MediaEvent::VoiceStopped => Event::VoiceStopped,
            MediaEvent::RecordingClosed(Ok(recorded)) => {
                let event =
                    Event::RecordingClosed { duration: recorded.duration, said: recorded.said };
                self.recording = Some(recorded);
                event
            }
            MediaEvent::RecordingClosed(Err(error)) => {
                tracing::error!(%error, "a recording could not be closed");
                self.salvage();
                match &self.recording {
                    Some(kept) => {
                        Event::RecordingClosed { duration: kept.duration, said: kept.said }
                    }
                    None => Event::RecordingLost,
                }
            }
            MediaEvent::Failed(error) => {
                tracing::error!(%error, "the sound of a call failed");
                Event::MediaFailed
            }
        })
    }

    /// A recording that could not be closed may still be readable up to its
    /// last flush.
    fn salvage(&mut self) {
        let file = self.node.settings.recordings().join(format!("{}.wav", self.accepted.id));
        self.recording = ringpost_media::measure(&file).ok();
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Ring => self.control.ring(),
            Action::Answer => self.answer(),
            Action::Play => {
                let greeting = self.node.greetings.of(&self.accepted.subscriber.user).await;
                self.accepted.stream.play(greeting);
            }
            Action::StartRecording => self.accepted.stream.record(&self.accepted.id),
            Action::StopRecording => self.accepted.stream.stop_recording(),
            Action::HangUp => {
                self.accepted.stream.stop_playing();
                self.control.hang_up();
            }
            Action::Refuse(status) => self.control.refuse(refusal(status)),
            // Taken by `lead`, which this value never passes.
            Action::End(..) => {}
        }
    }

    /// Answers, and has the open call written: the answer does not wait for the
    /// disk, the record is there within a commit.
    fn answer(&mut self) {
        self.accepted.stream.connect(self.accepted.audio);
        let local = self.node.settings.media_address.unwrap_or(self.invitation.local_ip);
        self.control.answer(SocketAddr::new(local, self.accepted.stream.local_addr().port()));
        let answered = now();
        self.answered = Some(answered);
        let open = OpenCall {
            id: self.accepted.id.clone(),
            call_id: self.invitation.call_id.clone(),
            identifiers: self.invitation.identifiers.clone(),
            called: self.accepted.called.clone(),
            subscriber: Subscriber::clone(&self.accepted.subscriber),
            caller: self.invitation.caller.clone(),
            received: self.accepted.received,
            answered,
        };
        let journal = self.node.journal.clone();
        self.opening = Some(Box::pin(async move { journal.begin(&open).await }));
    }

    async fn end(mut self, outcome: Outcome, stage: Stage) {
        // The one writer keeps its order: the opening is there before the end.
        if let Some(opening) = self.opening.take()
            && let Err(error) = opening.await
        {
            tracing::error!(%error, "an open call never reached the journal");
        }
        let outcome = self.rescued(outcome);
        drop(self.accepted.stream);
        let ended = now();
        let record = CallRecord {
            id: self.accepted.id,
            call_id: self.invitation.call_id,
            identifiers: self.invitation.identifiers,
            called: self.accepted.called,
            subscriber: Some(Subscriber::clone(&self.accepted.subscriber)),
            caller: self.invitation.caller,
            ear: Ear::Call,
            stage,
            received: self.accepted.received,
            answered: self.answered,
            ended,
            outcome,
            recording: self
                .recording
                .map(|recorded| Recording { file: recorded.file, duration: recorded.duration }),
        };
        file(&self.node.journal, record, self.node.stopping.clone()).await;
        drop(self.accepted.place);
    }

    /// When the sound never said what became of a recording, what lies on the
    /// disk is still a message.
    fn rescued(&mut self, outcome: Outcome) -> Outcome {
        if outcome.why() != Why::MediaFailed || self.recording.is_some() {
            return outcome;
        }
        self.salvage();
        let Some(kept) = &self.recording else { return outcome };
        let policy = policy(&self.node.settings.limits, &self.accepted.subscriber);
        outcome_of_interrupted(Some((kept.duration, kept.said)), &policy)
    }
}

/// Files the end of a call, again and again while the disk is full: the call
/// stays in the journal as open until it is filed, and so survives a restart.
pub async fn file(
    journal: &Journal,
    record: CallRecord,
    mut stopping: tokio::sync::watch::Receiver<bool>,
) {
    let (outcome, why) = (record.outcome.as_str(), record.outcome.why().as_str());
    let mut wait = Duration::from_millis(500);
    loop {
        match journal.end(record.clone()).await {
            Ok(filed) => {
                metrics::counter!("ringpost_calls_total", "outcome" => outcome, "why" => why)
                    .increment(1);
                tracing::info!(call = %record.id, outcome, why, ?filed, "call ended");
                return;
            }
            Err(error) => {
                tracing::error!(call = %record.id, %error, "the end of a call could not be filed; trying again");
            }
        }
        if *stopping.borrow() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopping.wait_for(|stop| *stop) => {}
        }
        wait = (wait * 2).min(Duration::from_secs(10));
    }
}

/// A refusal with the headers that its status asks for.
pub fn refusal(status: u16) -> Answer {
    match status {
        503 => Answer::new(503).retry_after(RETRY_AFTER_SECONDS),
        other => Answer::new(other),
    }
}

async fn reached(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn opened(opening: &mut Option<Opening>) -> Result<(), JournalError> {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}
