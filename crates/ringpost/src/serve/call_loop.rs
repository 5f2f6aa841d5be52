//! One call: joins SIP, sound and clock to the machine. The only place that
//! knows all three.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ringpost_call::{Action, Call, Event, Policy, outcome_of_interrupted};
use ringpost_delivery::OpenCall;
use ringpost_media::{MediaError, MediaEvent, Recorded, Stream, StreamConfig};
use ringpost_model::{
    CallRecord, Outcome, Recording, RemoteAudio, Stage, Subscriber, Timestamp, Why,
};
use ringpost_sip::{CallControl, IncomingCall, Invitation, Signal};
use tokio::sync::mpsc;

use super::filing::{file, refusal};
use super::live::Place;
use super::node::{Node, now};
use super::recovery::recorded;
use crate::config::CallLimits;

/// A call to somebody we know, with everything decided but its course.
pub struct Accepted {
    /// What is known of the call; its end is still to come.
    pub record: Arc<CallRecord>,
    /// Who is called.
    pub subscriber: Arc<Subscriber>,
    /// The sound offered; `None`: ours is, and the peer's comes with its ACK.
    pub audio: Option<RemoteAudio>,
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
        local: local(&node, &invitation),
        node,
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
    let local = local(node, invitation);
    node.engine.open(StreamConfig { local, nat: invitation.nat })
}

/// The address in our SDP.
pub fn local(node: &Node, invitation: &Invitation) -> IpAddr {
    node.settings.media_address.unwrap_or(invitation.local_ip)
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

type Opening = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Conversation {
    call: Call,
    node: Arc<Node>,
    accepted: Accepted,
    local: IpAddr,
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
                self.node.notes.done(&self.accepted.record, &action);
                self.act(action).await;
            }
            if self.accepted.place.now_in(self.call.stage()) {
                self.node.notes.stage(&self.accepted.record, self.call.stage());
            }
            let deadline = self.call.deadline().map(tokio::time::Instant::from_std);
            let event = tokio::select! {
                biased;
                () = opened(&mut self.opening), if self.opening.is_some() => {
                    self.opening = None;
                    None
                }
                signal = signals.recv(), if !dialog_gone => match signal {
                    Some(signal) => self.heard(signal),
                    None => {
                        dialog_gone = true;
                        // Nothing that the trace has not told already.
                        self.call.handle(Event::HungUp { elsewhere: false }, Instant::now());
                        None
                    }
                },
                Some(event) = self.accepted.media.recv() => self.sounded(event),
                () = reached(deadline), if deadline.is_some() => Some(Event::Deadline),
                _ = stopping.wait_for(|stop| *stop), if !told_to_stop => {
                    told_to_stop = true;
                    Some(Event::ServerStopping)
                }
            };
            if let Some(event) = event {
                self.node.notes.happened(&self.accepted.record, &event);
                self.call.handle(event, Instant::now());
            }
        }
    }

    /// What SIP said, in the machine's words.
    fn heard(&mut self, signal: Signal) -> Option<Event> {
        let stream = &self.accepted.stream;
        Some(match signal {
            Signal::Cancelled { elsewhere } => Event::Cancelled { elsewhere },
            Signal::Acknowledged => Event::Acknowledged,
            Signal::NotAcknowledged => Event::NotAcknowledged,
            Signal::HungUp { elsewhere } => Event::HungUp { elsewhere },
            Signal::Held => {
                stream.hold(true);
                Event::Held
            }
            Signal::Resumed => {
                stream.hold(false);
                Event::Resumed
            }
            Signal::MediaMoved(remote) => {
                stream.connect(remote);
                self.node.notes.sound(&self.accepted.record, self.ours(), &remote);
                return None;
            }
            Signal::CallerChanged(caller) => {
                Arc::make_mut(&mut self.accepted.record).caller = caller;
                // What a crash would leave shall name the new caller, too.
                self.open();
                return None;
            }
        })
    }

    /// What the sound did, in the machine's words.
    fn sounded(&mut self, event: MediaEvent) -> Option<Event> {
        let call = &self.accepted.record.id;
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
                tracing::error!(%call, %error, "a recording could not be closed");
                Event::RecordingLost
            }
            MediaEvent::Failed(error) => {
                tracing::error!(%call, %error, "the sound of a call failed");
                Event::MediaFailed
            }
        })
    }

    async fn act(&mut self, action: Action) {
        let stream = &self.accepted.stream;
        match action {
            Action::Ring => self.control.ring(),
            Action::Answer => self.answer(),
            Action::Play => {
                let greeting = self.node.greetings.of(&self.accepted.subscriber.user).await;
                stream.play(greeting);
            }
            Action::StartRecording => stream.record(&self.accepted.record.id),
            Action::StopRecording => stream.stop_recording(),
            Action::HangUp => {
                stream.stop_playing();
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
        let ours = self.ours();
        let Accepted { record, stream, audio, .. } = &self.accepted;
        if let Some(audio) = audio {
            stream.connect(*audio);
            self.node.notes.sound(record, ours, audio);
        }
        self.control.answer(ours);
        self.answered = Some(now());
        self.open();
    }

    /// Has the open call written as it is known now; nothing before the answer.
    fn open(&mut self) {
        let Some(answered) = self.answered else { return };
        let Accepted { record, subscriber, .. } = &self.accepted;
        let open = OpenCall {
            id: record.id.clone(),
            call_id: record.call_id.clone(),
            identifiers: record.identifiers.clone(),
            called: record.called.clone(),
            subscriber: Subscriber::clone(subscriber),
            caller: record.caller.clone(),
            received: record.received,
            answered,
        };
        self.opening = Some(Box::pin(begin(self.node.clone(), open)));
    }

    /// Our end of the sound, as the peer reaches it.
    fn ours(&self) -> SocketAddr {
        SocketAddr::new(self.local, self.accepted.stream.local_addr().port())
    }

    async fn end(mut self, outcome: Outcome, stage: Stage) {
        let outcome = self.rescued(outcome).await;
        // The one writer keeps its order: what was begun is there before the end,
        // and what was not begun needs no beginning any more.
        drop(self.opening.take());
        let Accepted { record, place, stream, .. } = self.accepted;
        drop(stream);
        let record = CallRecord {
            stage,
            outcome,
            // A CANCEL that overtook the answer ends a call that was never answered.
            answered: self.answered.filter(|_| stage > Stage::Forwarded),
            ended: now(),
            recording: self
                .recording
                .map(|recorded| Recording { file: recorded.file, duration: recorded.duration }),
            ..CallRecord::clone(&record)
        };
        file(&self.node, record).await;
        drop(place);
    }

    /// When the sound never said what became of a recording, what lies on the
    /// disk is still a message.
    async fn rescued(&mut self, outcome: Outcome) -> Outcome {
        if outcome.why() != Why::MediaFailed || self.recording.is_some() {
            return outcome;
        }
        let (recordings, id) = (self.node.settings.recordings(), self.accepted.record.id.clone());
        self.recording =
            tokio::task::spawn_blocking(move || recorded(&recordings, &id)).await.ok().flatten();
        let Some(kept) = &self.recording else { return outcome };
        let policy = policy(&self.node.settings.limits, &self.accepted.subscriber);
        outcome_of_interrupted(Some((kept.duration, kept.said)), &policy)
    }
}

/// Writes the open call, again while the disk is full: an answered call has its
/// record as soon as one can be written.
async fn begin(node: Arc<Node>, open: OpenCall) {
    let mut wait = Duration::from_millis(500);
    while let Err(error) = node.journal.begin(&open).await {
        tracing::error!(call = %open.id, %error, "an open call is not in the journal yet; trying again");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(10));
    }
}

async fn reached(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn opened(opening: &mut Option<Opening>) {
    match opening {
        Some(opening) => opening.await,
        None => std::future::pending().await,
    }
}
