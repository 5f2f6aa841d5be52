//! What we send: a packet of the prompt each tick, and a sign of life.

use std::sync::Arc;

use ringpost_model::RemoteAudio;

use crate::clock::FRAME;
use crate::prompt::Prompt;
use crate::{g711, rtp};

/// Octets of every packet that we send.
pub const PACKET: usize = rtp::HEADER + FRAME;
/// So many ticks without a packet, and one of silence goes out: 10 s.
const KEEP_ALIVE: u32 = 500;

/// What a tick put into the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// Part of a prompt.
    Part,
    /// The last part of a prompt.
    End,
    /// Silence that keeps the way open.
    KeepAlive,
}

/// The sending half of a stream.
#[derive(Debug)]
pub struct Player {
    prompt: Option<(Arc<Prompt>, usize)>,
    ssrc: u32,
    /// Sequence number of the next packet, with the times it wrapped before it: the
    /// index of SRTP (RFC 3711 §3.3.1), which no two packets have in common.
    index: u64,
    /// Timestamp of tick 0.
    epoch: u32,
    /// Tick of the last packet; `None` before the first prompt.
    last: Option<u32>,
}

impl Player {
    /// Random SSRC, sequence number and timestamp (RFC 3550 §5.1). The number is of
    /// the lower half: were the first packets lost before a wrap, a peer could not
    /// decrypt those after it.
    pub fn new() -> Self {
        Self {
            prompt: None,
            ssrc: rand::random(),
            index: u64::from(rand::random::<u16>() >> 1),
            epoch: rand::random(),
            last: None,
        }
    }

    /// Starts with a prompt, in place of the one that plays.
    pub fn play(&mut self, prompt: Arc<Prompt>) {
        self.prompt = Some((prompt, 0));
    }

    /// Drops the prompt that plays.
    pub fn stop(&mut self) {
        self.prompt = None;
    }

    /// Whether every tick has a packet.
    pub fn is_playing(&self) -> bool {
        self.prompt.is_some()
    }

    /// Fills the packet of this tick, where there is one. Timestamps follow the
    /// ticks, so that pauses have their length. While nothing plays, ticks may be
    /// left out.
    pub fn tick(
        &mut self,
        tick: u32,
        remote: &RemoteAudio,
        packet: &mut [u8; PACKET],
    ) -> Option<Played> {
        let (header, body) = packet.split_first_chunk_mut::<{ rtp::HEADER }>()?;
        let played = self.fill(tick, remote, body)?;
        // A talkspurt begins after every pause (RFC 3551 §4.1).
        let marker = self.last.is_none_or(|last| tick.wrapping_sub(last) != 1);
        *header = rtp::header(&rtp::Packet {
            marker,
            payload_type: remote.payload_type,
            sequence: self.index as u16,
            timestamp: self.epoch.wrapping_add(tick.wrapping_mul(FRAME as u32)),
            ssrc: self.ssrc,
            payload: &[],
        });
        self.index += 1;
        self.last = Some(tick);
        Some(played)
    }

    /// Index of the packet that was filled last.
    pub fn last_index(&self) -> u64 {
        self.index.saturating_sub(1)
    }

    /// The payload of this tick; what a last part lacks is silence.
    fn fill(&mut self, tick: u32, remote: &RemoteAudio, body: &mut [u8]) -> Option<Played> {
        if let Some((prompt, at)) = &mut self.prompt {
            let rest = prompt.octets(remote.codec).get(*at..).unwrap_or_default();
            let (part, silence) = body.split_at_mut(rest.len().min(FRAME));
            for (to, octet) in part.iter_mut().zip(rest) {
                *to = *octet;
            }
            silence.fill(g711::silence(remote.codec));
            if rest.len() > FRAME {
                *at += FRAME;
                return Some(Played::Part);
            }
            self.prompt = None;
            return Some(Played::End);
        }
        if tick.wrapping_sub(self.last?) < KEEP_ALIVE {
            return None;
        }
        body.fill(g711::silence(remote.codec));
        Some(Played::KeepAlive)
    }
}

#[cfg(test)]
mod tests {
    use ringpost_model::Codec;

    use super::*;

    fn remote() -> RemoteAudio {
        RemoteAudio {
            rtp: "192.0.2.1:4000".parse().unwrap(),
            codec: Codec::Pcma,
            payload_type: 8,
            event_payload_type: None,
            held: false,
            srtp: None,
        }
    }

    #[test]
    fn a_prompt_goes_out_in_order_and_is_filled_up_with_silence() {
        let prompt = Arc::new(Prompt::from_samples(&[5000; 400]));
        let mut player = Player::new();
        let mut packet = [0; PACKET];
        assert_eq!(player.tick(6, &remote(), &mut packet), None, "nothing before the first prompt");
        player.play(Arc::clone(&prompt));
        let mut sent = Vec::new();
        let mut headers = Vec::new();
        for (tick, played) in [(7, Played::Part), (8, Played::Part), (9, Played::End)] {
            assert_eq!(player.tick(tick, &remote(), &mut packet), Some(played));
            let read = rtp::read(&packet).unwrap();
            headers.push((read.marker, read.sequence, read.timestamp));
            sent.extend_from_slice(read.payload);
        }
        assert_eq!(sent[..400], *prompt.octets(Codec::Pcma));
        assert_eq!(sent[400..], [0xd5; 80]);
        let (_, sequence, timestamp) = headers[0];
        for (n, header) in (0..).zip(headers) {
            let expected =
                (n == 0, sequence.wrapping_add(n), timestamp.wrapping_add(u32::from(n) * 160));
            assert_eq!(header, expected);
        }
    }

    #[test]
    fn silence_keeps_the_way_open() {
        let mut player = Player::new();
        let mut packet = [0; PACKET];
        player.play(Arc::new(Prompt::from_samples(&[5000; 160])));
        let sent: Vec<(u32, Played)> = (0..1100)
            .filter_map(|tick| Some((tick, player.tick(tick, &remote(), &mut packet)?)))
            .collect();
        assert_eq!(sent, [(0, Played::End), (500, Played::KeepAlive), (1000, Played::KeepAlive)]);
        assert!(rtp::read(&packet).unwrap().marker);
    }
}
