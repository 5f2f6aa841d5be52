//! Where a packet's sound belongs: RTP timestamps laid onto our own clock.
//!
//! The first packet is anchored at its arrival, every later one at its distance
//! in timestamps from there, so that loss and reordering leave everything else
//! in place. Until something is recorded, the packet that came fastest becomes
//! the anchor. A time line that can no longer be true is anchored anew: another
//! source (SSRC), a restart, a jump ahead of what the clock allows, a jump back,
//! or timestamps that stood still while time passed.

use crate::clock::Samples;
use crate::sequence::{Order, Sequence};

/// How long sound waits for packets that were overtaken: 300 ms.
pub const HOLD: Samples = 2400;
/// How far ahead of the clock sound may lie, since the packet it was anchored
/// by may itself have been late: 200 ms.
pub const AHEAD: Samples = 1600;
/// A packet waits so long to be heard: 100 ms.
pub const WAIT: Samples = 800;
/// Sound anchored anew so close to the end of what came before follows on it.
const SNAP: Samples = WAIT + 480;
/// An order to record is obeyed so long after it was given, at most: 40 ms.
const GRACE: Samples = 320;
/// Timestamps taken from a coarse clock may overlap by this much.
const OVERLAP: Samples = 320;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// Its first sample belongs here.
    At(Samples),
    /// Belongs to the moments before the recording.
    Before,
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
    /// `None`: nothing is recorded.
    pub floor: Option<Samples>,
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
        let Some(floor) = packet.floor else { return self.follow(packet) };
        let Some(position) = self.position(packet.timestamp) else {
            return self.anchor(packet, floor, packet.now - packet.length);
        };
        let past = packet.written.min(packet.now - HOLD);
        if position + packet.length <= past {
            // Timestamps stood still during a pause, or a burst after a long
            // stall: some way back from now leaves room for the rest of it.
            return self.anchor(packet, floor, packet.now - HOLD / 2);
        }
        let end = position + packet.length;
        if (floor - WAIT..=floor).contains(&end) && packet.now < floor + GRACE {
            // It came before the order to record did, and waited.
            self.accept(packet, position);
            return Placed::Before;
        }
        let jumped_back = self.has_jumped_back(position);
        // Or timestamps stood still before the recording began.
        let too_early = end <= floor;
        if jumped_back || too_early || position > packet.now + AHEAD {
            return self.anchor(packet, floor, packet.now - packet.length);
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

    fn has_jumped_back(&self, position: Samples) -> bool {
        self.end.is_some_and(|end| position < end - OVERLAP)
    }

    /// While nothing is recorded the line may move. Nobody sends what was not said
    /// yet: the packet that took the shortest time is the best anchor.
    fn follow(&mut self, packet: Arrival) -> Placed {
        let arrival = packet.now - packet.length;
        let position = self
            .position(packet.timestamp)
            .filter(|position| *position > arrival - HOLD && !self.has_jumped_back(*position))
            .map_or(arrival, |position| position.min(arrival));
        self.end = None;
        self.accept(packet, position)
    }

    fn anchor(&mut self, packet: Arrival, floor: Samples, arrival: Samples) -> Placed {
        let position = match self.end {
            Some(end) if end >= arrival - SNAP => end,
            _ => arrival,
        };
        let position = position.max(floor);
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

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Samples = 160;

    /// Source, sequence number, timestamp, arrival.
    type Came = (u32, u16, u32, Samples);

    /// Files packets of 20 ms; what is recorded begins at 0.
    fn place(packets: &[Came]) -> Vec<Placed> {
        let mut line = TimeLine::default();
        let mut file = |(ssrc, sequence, timestamp, now): &Came| {
            line.place(Arrival {
                ssrc: *ssrc,
                sequence: *sequence,
                timestamp: *timestamp,
                length: FRAME,
                now: *now,
                floor: Some(0),
                written: (now - HOLD).max(0),
            })
        };
        packets.iter().map(&mut file).collect()
    }

    #[test]
    fn packets_are_placed_by_timestamp() {
        use Placed::{At, Duplicate, Late};
        let high = u32::MAX - 100;
        let table: [(&str, &[Came], &[Placed]); 6] = [
            (
                "in order, late and early",
                &[(1, 0, 0, 160), (1, 1, 160, 330), (1, 2, 320, 900), (1, 3, 480, 901)],
                &[At(0), At(160), At(320), At(480)],
            ),
            (
                "lost and swapped",
                &[(1, 0, 0, 160), (1, 3, 480, 640), (1, 2, 320, 700)],
                &[At(0), At(480), At(320)],
            ),
            (
                "twice, and too late",
                &[(1, 0, 0, 160), (1, 0, 0, 170), (1, 9, 1440, 1600), (1, 1, 160, 9000)],
                &[At(0), Duplicate, At(1440), Late],
            ),
            (
                "timestamps wrap",
                &[(1, 65535, high, 160), (1, 0, high.wrapping_add(160), 320)],
                &[At(0), At(160)],
            ),
            (
                "silence suppression: timestamps go on",
                &[(1, 0, 0, 160), (1, 1, 16_000, 16_160)],
                &[At(0), At(16_000)],
            ),
            ("the first sound does not lie before the recording", &[(1, 0, 0, 40)], &[At(0)]),
        ];
        for (name, packets, placed) in table {
            assert_eq!(place(packets), placed, "{name}");
        }
    }

    #[test]
    fn a_broken_time_line_is_anchored_anew() {
        use Placed::{At, Stray};
        let table: [(&str, &[Came], &[Placed]); 7] = [
            (
                "another source follows on",
                &[(1, 0, 0, 160), (2, 900, 7_777_777, 330), (2, 901, 7_777_937, 480)],
                &[At(0), At(160), At(320)],
            ),
            (
                "another source after a pause",
                &[(1, 0, 0, 160), (2, 900, 5, 8160)],
                &[At(0), At(8000)],
            ),
            (
                "a jump ahead fills nothing",
                &[(1, 0, 0, 160), (1, 1, 800_000, 320), (1, 2, 800_160, 480)],
                &[At(0), At(160), At(320)],
            ),
            (
                "a jump back",
                &[(1, 0, 80_000, 160), (1, 1, 80_160, 320), (1, 2, 0, 480), (1, 3, 160, 640)],
                &[At(0), At(160), At(320), At(480)],
            ),
            (
                "timestamps stood still for a second",
                &[(1, 0, 0, 160), (1, 1, 160, 8320), (1, 2, 320, 8480)],
                &[At(0), At(8320 - HOLD / 2), At(8480 - HOLD / 2)],
            ),
            (
                "the sender starts anew",
                &[(1, 0, 0, 160), (1, 40_000, 9, 320), (1, 40_001, 169, 480)],
                &[At(0), Stray, At(160)],
            ),
            (
                "one stray does no harm",
                &[(1, 0, 0, 160), (1, 40_000, 9, 320), (1, 1, 160, 330)],
                &[At(0), Stray, At(160)],
            ),
        ];
        for (name, packets, placed) in table {
            assert_eq!(place(packets), placed, "{name}");
        }
    }

    proptest::proptest! {
        /// Whatever timestamps say, sound lies neither further ahead than the
        /// clock allows nor, packet for packet, on more room than came in.
        #[test]
        fn no_sender_fills_more_than_time_allows(
            packets in proptest::collection::vec(
                (0..2_u32, 0..6_u16, proptest::num::u32::ANY, 0..400_i64),
                1..200,
            ),
        ) {
            let mut line = TimeLine::default();
            let (mut now, mut sequence) = (0, 0_u16);
            for (ssrc, step, timestamp, wait) in packets {
                now += wait;
                sequence = sequence.wrapping_add(step);
                let placed = line.place(Arrival {
                    ssrc,
                    sequence,
                    timestamp,
                    length: FRAME,
                    now,
                    floor: Some(0),
                    written: (now - HOLD).max(0),
                });
                if let Placed::At(position) = placed {
                    proptest::prop_assert!(position <= now + AHEAD);
                }
                proptest::prop_assert!(line.end().is_none_or(|end| end <= now + AHEAD + FRAME));
            }
        }
    }
}
