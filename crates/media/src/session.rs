//! One call's RTP session without its socket: what a packet and a tick mean.

use std::net::SocketAddr;
use std::path::{Component, Path};
use std::sync::Arc;

use ringpost_model::{Codec, RemoteAudio};
use tokio::sync::mpsc::UnboundedSender;

use crate::backlog::Backlog;
use crate::clock::Samples;
use crate::dtmf::{self, Keys};
use crate::event::MediaEvent;
use crate::latch::{Admission, Latch};
use crate::player::{PACKET, Played, Player};
use crate::prompt::Prompt;
use crate::recording::Recording;
use crate::rtp::{self, Packet};
use crate::srtp::{LONGEST_TAG, Protection, Refused};
use crate::statistics::Counters;
use crate::timeline::{AHEAD, Arrival, HOLD, Placed, TimeLine};
use crate::voice::Change;
use crate::writer::{Job, Key};
use crate::{MediaError, g711};

/// The longest name of a recording; file systems take 255 octets.
const LONGEST_NAME: usize = 200;

/// Room for a packet and its tag.
pub const LONGEST_PACKET: usize = PACKET + LONGEST_TAG;

/// What the house asks of a session.
#[derive(Debug)]
pub enum Order {
    /// The remote end is known, or known anew.
    Connect(RemoteAudio),
    /// Play this.
    Play(Arc<Prompt>),
    /// Play nothing.
    StopPlaying,
    /// Record from the moment given into the file of that name.
    Record(String, Samples),
    /// Record up to the moment given.
    StopRecording(Samples),
    /// The peer does not send now.
    Hold(bool),
}

/// What a session gives back to its worker.
#[derive(Debug, Default)]
pub struct Outbox {
    /// For the writer.
    pub jobs: Vec<Job>,
    /// The room there.
    pub backlog: Arc<Backlog>,
    /// For the statistics.
    pub counters: Counters,
}

/// A packet to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sending {
    /// Where to.
    pub to: SocketAddr,
    /// Octets of it.
    pub length: usize,
    /// It is the last one of a prompt.
    pub ends_prompt: bool,
}

/// One call.
#[derive(Debug)]
pub struct Session {
    id: u64,
    events: UnboundedSender<MediaEvent>,
    latch: Latch,
    remote: Option<RemoteAudio>,
    /// Where the sound is encrypted.
    protection: Option<Box<Protection>>,
    held: bool,
    keys: Keys,
    line: TimeLine,
    player: Player,
    recording: Option<Box<Recording>>,
    recordings: u32,
}

impl Session {
    /// `any_source`: the remote end sits behind address translation.
    pub fn new(id: u64, any_source: bool, events: UnboundedSender<MediaEvent>) -> Self {
        Self {
            id,
            events,
            latch: Latch::new(any_source),
            remote: None,
            protection: None,
            held: false,
            keys: Keys::default(),
            line: TimeLine::default(),
            player: Player::new(),
            recording: None,
            recordings: 0,
        }
    }

    /// Does what the house asks.
    pub fn obey(&mut self, order: Order, out: &mut Outbox) {
        match order {
            Order::Connect(remote) => self.connect(remote),
            Order::Play(prompt) => self.player.play(prompt),
            Order::StopPlaying => self.player.stop(),
            Order::Record(name, at) => self.record(&name, at, out),
            Order::StopRecording(at) => self.stop_recording(at, out),
            Order::Hold(held) => self.held = held,
        }
    }

    /// A stream whose keys are of no use stays silent: it never becomes plain.
    fn connect(&mut self, remote: RemoteAudio) {
        let old = self.protection.take();
        if let Some(keys) = &remote.srtp {
            self.protection = Protection::new(keys, old);
            if self.protection.is_none() {
                self.remote = None;
                self.tell(MediaEvent::Failed(MediaError::Fault));
                return;
            }
        }
        self.latch.signal(remote.rtp);
        self.held = remote.held;
        self.remote = Some(remote);
    }

    /// Takes a datagram. Returns the source, where it is the one latched to now.
    /// Of an encrypted stream nothing counts that is not authentic, not even where
    /// it comes from.
    pub fn receive(
        &mut self,
        datagram: &mut [u8],
        from: SocketAddr,
        now: Samples,
        room: &mut [i16],
        out: &mut Outbox,
    ) -> Option<SocketAddr> {
        let datagram = match &mut self.protection {
            None => &*datagram,
            Some(protection) => match protection.open(datagram) {
                Ok(packet) => packet,
                Err(Refused::NotRtp) => {
                    out.counters.malformed += 1;
                    return None;
                }
                Err(Refused::Unauthentic) => {
                    out.counters.unauthentic += 1;
                    return None;
                }
            },
        };
        let Ok(packet) = rtp::read(datagram) else {
            out.counters.malformed += 1;
            return None;
        };
        let admission = self.latch.admit(from);
        if admission == Admission::Refused {
            out.counters.refused += 1;
            return None;
        }
        out.counters.received += 1;
        if !self.held
            && let Some(remote) = self.remote
        {
            if Some(packet.payload_type) == remote.event_payload_type {
                self.key(&packet, now);
            } else if let Some(codec) = codec_of(&remote, packet.payload_type) {
                let sound = g711::decode(codec, packet.payload, room);
                self.sound(&packet, sound, now, out);
            } else {
                self.line.pass(packet.ssrc, packet.sequence);
            }
        }
        (admission == Admission::Latched).then_some(from)
    }

    /// Whether the remote end is known.
    pub fn is_connected(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether something plays: then every tick has a packet.
    pub fn is_playing(&self) -> bool {
        self.player.is_playing()
    }

    /// Whether something is recorded.
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// Fills the packet that is due. While nothing plays, ticks may be left out.
    pub fn send(&mut self, tick: u32, packet: &mut [u8; LONGEST_PACKET]) -> Option<Sending> {
        if self.held {
            return None;
        }
        let remote = self.remote.as_ref()?;
        let to = self.latch.destination()?;
        let (packet, rest) = packet.split_first_chunk_mut::<PACKET>()?;
        let played = self.player.tick(tick, remote, packet)?;
        let tag = match (&self.protection, rest.first_chunk_mut()) {
            (Some(protection), Some(tag)) => {
                protection.protect(packet, tag, self.player.last_index())
            }
            _ => 0,
        };
        Some(Sending { to, length: PACKET + tag, ends_prompt: played == Played::End })
    }

    /// Time passes: closes what is recorded, and hands it to the writer.
    pub fn pass(&mut self, now: Samples, out: &mut Outbox) {
        if let Some(change) = self.recording.as_mut().and_then(|recording| recording.pass(now, out))
        {
            self.tell_voice(change);
        }
    }

    /// Ends an unfinished recording; it is kept.
    pub fn close(&mut self, at: Samples, out: &mut Outbox) {
        if let Some(recording) = self.recording.take() {
            recording.finish(at, self.line.end(), out);
        }
    }

    /// A fault of ours ended the sound of one call: what the writer has is closed as it is.
    pub fn abandon(&mut self, out: &mut Outbox) {
        self.tell(MediaEvent::Failed(MediaError::Fault));
        if let Some(recording) = self.recording.take() {
            recording.abandon(out);
        }
    }

    /// Tells the house; a house that no longer listens has no call any more.
    pub fn tell(&self, event: MediaEvent) {
        let _ = self.events.send(event);
    }

    fn tell_voice(&self, change: Change) {
        self.tell(match change {
            Change::Started => MediaEvent::VoiceStarted,
            Change::Stopped => MediaEvent::VoiceStopped,
        });
    }

    fn record(&mut self, name: &str, at: Samples, out: &mut Outbox) {
        self.close(at, out);
        if !is_plain(name) {
            self.tell(MediaEvent::Failed(MediaError::Name { name: name.to_owned() }));
            return;
        }
        let key = Key { session: self.id, recording: self.recordings };
        self.recordings += 1;
        let file = format!("{name}.wav");
        out.jobs.push(Job::Open { key, file, events: self.events.clone() });
        self.recording = Some(Box::new(Recording::new(key, at)));
    }

    fn stop_recording(&mut self, at: Samples, out: &mut Outbox) {
        if self.recording.is_none() {
            self.tell(MediaEvent::RecordingClosed(Err(MediaError::NotRecording)));
        }
        self.close(at, out);
    }

    fn sound(&mut self, packet: &Packet<'_>, sound: &[i16], now: Samples, out: &mut Outbox) {
        if sound.is_empty() {
            self.line.pass(packet.ssrc, packet.sequence);
            return;
        }
        let recording = self.recording.as_ref();
        let placed = self.line.place(Arrival {
            ssrc: packet.ssrc,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            length: Samples::try_from(sound.len()).unwrap_or(0),
            now,
            floor: recording.map(|recording| recording.start()),
            written: recording.map_or(now - HOLD, |recording| recording.written()),
        });
        match placed {
            Placed::At(position) => {
                let change = self
                    .recording
                    .as_mut()
                    .and_then(|recording| recording.write(position, sound, now));
                if let Some(change) = change {
                    self.tell_voice(change);
                }
            }
            Placed::Before => {}
            Placed::Duplicate => out.counters.duplicates += 1,
            Placed::Late => out.counters.late += 1,
            Placed::Stray => out.counters.strays += 1,
        }
    }

    fn key(&mut self, packet: &Packet<'_>, now: Samples) {
        self.line.pass(packet.ssrc, packet.sequence);
        let Some(report) = dtmf::read(packet.payload) else { return };
        if let Some(recording) = &mut self.recording
            && let Some(from) = self.line.position_of(packet.ssrc, packet.timestamp)
        {
            let to = (from + dtmf::length(report)).min(now + AHEAD);
            recording.mute(from, to);
        }
        if let Some(key) = self.keys.file(packet.ssrc, packet.timestamp, report) {
            self.tell(MediaEvent::Digit(key));
        }
    }
}

/// The agreed codec; beside it the static types of both G.711 codecs, since
/// some peers change between them as their own far end does.
fn codec_of(remote: &RemoteAudio, payload_type: u8) -> Option<Codec> {
    match payload_type {
        agreed if agreed == remote.payload_type => Some(remote.codec),
        0 => Some(Codec::Pcmu),
        8 => Some(Codec::Pcma),
        _ => None,
    }
}

/// Whether a name stays inside its folder and is not hidden there.
fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    name.len() <= LONGEST_NAME
        && !name.contains(['\0', '/'])
        && !name.starts_with('.')
        && matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None))
}

#[cfg(test)]
mod tests;
