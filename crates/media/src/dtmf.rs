//! Keys pressed by the caller: telephone-event (RFC 4733 §2).

use crate::clock::Samples;

/// A packet that comes this much behind the newest event is a late repeat of
/// an older one: 2 s.
const LATE: i32 = 16_000;

/// The payload of one packet (RFC 4733 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Event code; 0 to 15 are keys.
    pub code: u8,
    /// So long so far, in samples.
    pub duration: u16,
}

/// Reads the first event of a payload. `None`: too short.
pub fn read(payload: &[u8]) -> Option<Report> {
    let [code, _, high, low] = *payload.first_chunk::<4>()?;
    Some(Report { code, duration: u16::from_be_bytes([high, low]) })
}

/// The event that is going on, or the last one.
#[derive(Debug, Clone, Copy)]
struct Known {
    ssrc: u32,
    timestamp: u32,
    report: Report,
}

/// Makes one key press of the many packets that tell of it.
#[derive(Debug, Default)]
pub struct Keys {
    last: Option<Known>,
}

impl Keys {
    /// Files a report; the key, the first time it is told of. The first packet
    /// counts and not the last, so that losing any of them loses no key.
    pub fn file(&mut self, ssrc: u32, timestamp: u32, report: Report) -> Option<char> {
        if let Some(last) = &mut self.last
            && last.ssrc == ssrc
        {
            let ahead = timestamp.wrapping_sub(last.timestamp).cast_signed();
            if ahead == 0 {
                last.report.duration = last.report.duration.max(report.duration);
                return None;
            }
            if (-LATE..0).contains(&ahead) {
                return None;
            }
            // §2.5.1.3: a key held longer than the field can say goes on in a
            // segment of its own.
            let segment = last.report.duration == u16::MAX
                && last.report.code == report.code
                && ahead == i32::from(u16::MAX);
            if segment {
                *last = Known { ssrc, timestamp, report };
                return None;
            }
        }
        self.last = Some(Known { ssrc, timestamp, report });
        key(report.code)
    }
}

/// How long the sound of a report lasts.
pub fn length(report: Report) -> Samples {
    Samples::from(report.duration)
}

fn key(code: u8) -> Option<char> {
    match code {
        0..=9 => Some(char::from(b'0' + code)),
        10 => Some('*'),
        11 => Some('#'),
        12..=15 => Some(char::from(b'A' + code - 12)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source, timestamp, code, duration.
    type Told = (u32, u32, u8, u16);

    fn keys(packets: &[Told]) -> String {
        let mut keys = Keys::default();
        let file = |(ssrc, timestamp, code, duration): &Told| {
            keys.file(*ssrc, *timestamp, Report { code: *code, duration: *duration })
        };
        packets.iter().filter_map(file).collect()
    }

    #[test]
    fn one_press_is_one_key() {
        let table: [(&str, &[Told], &str); 8] = [
            ("repeated end", &[(1, 0, 1, 160), (1, 0, 1, 800), (1, 0, 1, 800)], "1"),
            ("only the end came", &[(1, 0, 11, 800)], "#"),
            ("the same key twice", &[(1, 0, 5, 800), (1, 1600, 5, 800)], "55"),
            ("late repeat", &[(1, 0, 1, 800), (1, 1600, 2, 160), (1, 0, 1, 800)], "12"),
            ("wraps", &[(1, u32::MAX - 9, 1, 800), (1, 1600, 2, 160)], "12"),
            ("another source", &[(1, 90_000, 1, 800), (2, 0, 1, 800)], "11"),
            ("long key", &[(1, 0, 1, 65535), (1, 65535, 1, 160)], "1"),
            ("flash is no key", &[(1, 0, 16, 800), (1, 1600, 10, 80), (1, 9600, 15, 80)], "*D"),
        ];
        for (name, packets, pressed) in table {
            assert_eq!(keys(packets), pressed, "{name}");
        }
    }

    #[test]
    fn a_payload_has_four_octets() {
        assert_eq!(read(&[11, 0x8a, 3, 0x20]), Some(Report { code: 11, duration: 800 }));
        assert_eq!(read(&[11, 0x8a, 3]), None);
    }
}
