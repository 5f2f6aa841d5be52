//! SDP in one line (RFC 8866): enough to see who wants sound where, in what
//! codec and how protected. It reads what is there and judges nothing.

/// Streams beyond these are counted and not written out.
const SHOWN: usize = 4;

#[derive(Default)]
struct Stream {
    kind: String,
    port: String,
    protocol: String,
    formats: Vec<String>,
    address: String,
    direction: Option<String>,
    suites: Vec<String>,
}

/// Each stream as `audio 192.0.2.10:4000 RTP/SAVP PCMA PCMU sendonly`, with the
/// crypto suites at the end; `None` where the body has no stream.
pub(super) fn summary(body: &str) -> Option<String> {
    let mut session = Stream::default();
    let mut streams: Vec<Stream> = Vec::new();
    for line in body.lines().map(str::trim) {
        let Some((kind, value)) = line.split_once('=') else { continue };
        let kind = kind.to_ascii_lowercase();
        if kind == "m" {
            streams.push(Stream::read(value, &session));
            continue;
        }
        let stream = streams.last_mut().unwrap_or(&mut session);
        match kind.as_str() {
            "c" => stream.address = value.split_whitespace().nth(2).unwrap_or("").to_owned(),
            "a" => stream.attribute(value),
            _ => {}
        }
    }
    let more = streams.len().saturating_sub(SHOWN);
    let mut shown: Vec<String> = streams.iter().take(SHOWN).map(Stream::line).collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    (!shown.is_empty()).then(|| shown.join("; "))
}

impl Stream {
    /// Address and direction hold for every stream that has none of its own.
    fn read(value: &str, session: &Stream) -> Stream {
        let mut words = value.split_whitespace().map(str::to_owned);
        Stream {
            kind: words.next().unwrap_or_default(),
            port: words.next().unwrap_or_default(),
            protocol: words.next().unwrap_or_default(),
            formats: words.collect(),
            address: session.address.clone(),
            direction: session.direction.clone(),
            suites: session.suites.clone(),
        }
    }

    fn attribute(&mut self, value: &str) {
        let (name, rest) = value.split_once(':').unwrap_or((value, ""));
        match name.to_ascii_lowercase().as_str() {
            "sendrecv" | "sendonly" | "recvonly" | "inactive" => {
                self.direction = Some(name.to_owned());
            }
            "rtpmap" => {
                let mut words = rest.split_whitespace();
                let (number, codec) = (words.next(), words.next().unwrap_or(""));
                let named = self.formats.iter_mut().find(|known| Some(known.as_str()) == number);
                if let Some(format) = named {
                    *format = codec.split('/').next().unwrap_or("").to_owned();
                }
            }
            "crypto" => self.suites.extend(rest.split_whitespace().nth(1).map(str::to_owned)),
            _ => {}
        }
    }

    fn line(&self) -> String {
        let address = match self.address.contains(':') {
            true => format!("[{}]", self.address),
            false => self.address.clone(),
        };
        let mut words = vec![self.kind.clone(), format!("{address}:{}", self.port)];
        words.push(self.protocol.clone());
        words.extend(self.formats.iter().map(|format| codec(format)));
        words.extend(self.direction.clone().filter(|direction| direction != "sendrecv"));
        words.extend(self.suites.iter().cloned());
        words.retain(|word| !word.is_empty());
        words.join(" ")
    }
}

/// The name behind a static payload type (RFC 3551 §6).
fn codec(format: &str) -> String {
    match format {
        "0" => "PCMU",
        "3" => "GSM",
        "4" => "G723",
        "8" => "PCMA",
        "9" => "G722",
        "13" => "CN",
        "18" => "G729",
        other => other,
    }
    .to_owned()
}
