//! Where a packet's sound belongs: RTP timestamps laid onto our own clock.
//!
//! The first packet is anchored at its arrival, every later one at its distance
//! in timestamps from there, so that loss and reordering leave everything else
//! in place. A time line that can no longer be true is anchored anew: another
//! source (SSRC), a restart, a jump ahead of what the clock allows, a jump back,
//! or timestamps that stood still while time passed.

use crate::clock::Samples;
use crate::sequence::{Order, Sequence};

/// How long sound waits for packets that were overtaken: 300 ms.
pub const HOLD: Samples = 2400;
/// How far ahead of the clock sound may lie, since the packet it was anchored
/// by may itself have been late: 200 ms.
pub const AHEAD: Samples = 1600;
/// Sound anchored anew so close to the end of what came before follows on it.
const SNAP: Samples = 480;
/// Timestamps taken from a coarse clock may overlap by this much.
const OVERLAP: Samples = 320;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// Its first sample belongs here.
    At(Samples),
    /// Came twice.
    Duplicate,
    /// Its place was already written.
    Late,
    /// Does not fit the stream (a stray number, or sound faster than time).
    Stray,
}

/// The facts of a packet that its place depends on.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// Its source.
    pub ssrc: u32,
    /// Its sequence number.
    pub sequence: u16,
    /// Its timestamp.
    pub timestamp: u32,
    /// Samples in it.
    pub length: Samples,
    /// When it came.
    pub now: Samples,
    /// What is recorded begins here; sound anchored anew does not begin before.
    pub floor: Samples,
    /// Everything before this is written.
    pub written: Samples,
}

/// One call's time line.
#[derive(Debug, Default)]
pub struct TimeLine {
    ssrc: Option<u32>,
    sequence: Sequence,
    /// A timestamp and where it belongs.
    anchor: Option<(u32, Samples)>,
    /// Where the newest sound ends.
    end: Option<Samples>,
}

impl TimeLine {
    /// Files a packet of sound.
    pub fn place(&mut self, packet: Arrival) -> Placed {
        if self.ssrc != Some(packet.ssrc) {
            self.ssrc = Some(packet.ssrc);
            self.sequence = Sequence::default();
            self.anchor = None;
        }
        let order = self.sequence.file(packet.sequence);
        match order {
            Order::Newer => {}
            Order::Older => return self.overtaken(packet),
            Order::Duplicate => return Placed::Duplicate,
            Order::Stray => return Placed::Stray,
            Order::Restart => self.anchor = None,
        }
        let Some(position) = self.position(packet.timestamp) else {
            return self.anchor(packet, packet.now - packet.length);
        };
        let past = packet.written.min(packet.now - HOLD);
        if position + packet.length <= past {
            // Timestamps stood still during a pause, or a burst after a long
            // stall: some way back from now leaves room for the rest of it.
            return self.anchor(packet, packet.now - HOLD / 2);
        }
        let jumped_back = self.end.is_some_and(|end| position < end - OVERLAP);
        if jumped_back || position > packet.now + AHEAD {
            return self.anchor(packet, packet.now - packet.length);
        }
        self.accept(packet, position)
    }

    /// Files a packet that carries no sound, so that its number is not missed.
    pub fn pass(&mut self, ssrc: u32, sequence: u16) {
        if self.ssrc == Some(ssrc) {
            let order = self.sequence.file(sequence);
            if order == Order::Restart {
                self.anchor = None;
            }
        }
    }

    /// Where the sound of a timestamp of this source belongs.
    pub fn position_of(&self, ssrc: u32, timestamp: u32) -> Option<Samples> {
        if self.ssrc == Some(ssrc) { self.position(timestamp) } else { None }
    }

    /// Where the newest sound ends.
    pub fn end(&self) -> Option<Samples> {
        self.end
    }

    fn position(&self, timestamp: u32) -> Option<Samples> {
        let (known, position) = self.anchor?;
        // The distance has a sign (RFC 1982), so that it may wrap and go back.
        let distance = timestamp.wrapping_sub(known).cast_signed();
        Some(position + Samples::from(distance))
    }

    fn overtaken(&self, packet: Arrival) -> Placed {
        match self.position(packet.timestamp) {
            Some(position) if position > packet.now + AHEAD => Placed::Stray,
            Some(position) if position + packet.length > packet.written => Placed::At(position),
            Some(_) => Placed::Late,
            None => Placed::Stray,
        }
    }

    fn anchor(&mut self, packet: Arrival, arrival: Samples) -> Placed {
        let arrival = arrival.max(packet.floor);
        let position = match self.end {
            Some(end) if end >= arrival - SNAP => end,
            _ => arrival,
        };
        if position > packet.now + AHEAD {
            return Placed::Stray;
        }
        self.accept(packet, position)
    }

    fn accept(&mut self, packet: Arrival, position: Samples) -> Placed {
        self.anchor = Some((packet.timestamp, position));
        let end = position + packet.length;
        self.end = Some(self.end.map_or(end, |before| before.max(end)));
        Placed::At(position)
    }
}
