//! `[sip]`, `[media]`, `[limits]` and `[http]`: where calls come in, and how many.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

use ringpost_sip::{Hop, Network};

use super::settings::CallLimits;
use super::values::span;
use super::{Config, Mistake, Seconds};

pub(super) fn listeners(
    config: &Config,
    found: &mut Vec<Mistake>,
    warnings: &mut Vec<String>,
) -> Vec<Hop> {
    let mut hops = Vec::new();
    for entry in &config.sip.listen {
        match entry.parse::<Hop>() {
            Ok(hop) => hops.push(hop),
            Err(_) if entry.starts_with("ws:") || entry.starts_with("wss:") => {
                warnings.push(format!(
                    "sip.listen: this version speaks SIP over UDP, TCP and TLS; \
                     nothing will listen on \"{entry}\""
                ));
            }
            Err(error) => found.push(Mistake::new("sip.listen", error.to_string())),
        }
    }
    if hops.is_empty() && !found.iter().any(|mistake| mistake.key == "sip.listen") {
        found.push(Mistake::new(
            "sip.listen",
            "no address to listen on, so no call could come in; add \"udp:127.0.0.1:5060\"",
        ));
    }
    hops
}

pub(super) fn networks(key: &str, texts: &[String], found: &mut Vec<Mistake>) -> Vec<Network> {
    if texts.is_empty() {
        found.push(Mistake::new(
            key,
            "nobody may call; name the phone system's address or network, as in [\"192.0.2.10\"]",
        ));
    }
    let mut read = Vec::with_capacity(texts.len());
    for text in texts {
        match text.parse() {
            Ok(network) => read.push(network),
            Err(_) => found.push(Mistake::new(
                key,
                format!("\"{text}\" is no network; write \"192.0.2.10\" or \"192.0.2.0/24\""),
            )),
        }
    }
    read
}

pub(super) fn ports(text: &str, found: &mut Vec<Mistake>) -> RangeInclusive<u16> {
    let range = text
        .split_once('-')
        .and_then(|(first, last)| Some((first.trim().parse().ok()?, last.trim().parse().ok()?)));
    match range {
        Some((first, last)) if first > 0 && first < last => first..=last,
        Some((first, last)) => {
            found.push(Mistake::new(
                "media.ports",
                format!(
                    "the range {first}-{last} holds no pair of ports; the lower port stands first"
                ),
            ));
            1..=2
        }
        None => {
            found.push(Mistake::new(
                "media.ports",
                format!("\"{text}\" is no range of ports; write it as \"20000-29999\""),
            ));
            1..=2
        }
    }
}

pub(super) fn limits(config: &Config, found: &mut Vec<Mistake>) -> CallLimits {
    let keys = &config.limits;
    if keys.calls == 0 {
        found.push(Mistake::new(
            "limits.calls",
            "with 0 every call would be refused; 1 or more is wanted",
        ));
    }
    let mut positive = |key: &str, seconds: Seconds| {
        let key = format!("limits.{key}");
        let value = span(&key, seconds, found);
        if value.is_zero() && seconds.0 == 0.0 {
            found.push(Mistake::new(key, "must be more than 0 seconds"));
        }
        value
    };
    let call = positive("call_seconds", keys.call_seconds);
    let greeting = positive("greeting_seconds", keys.greeting_seconds);
    let recording = positive("recording_seconds", keys.recording_seconds);
    let silence = positive("silence_seconds", keys.silence_seconds);
    let stop = positive("stop_seconds", keys.stop_seconds);
    let minimum_message =
        span("limits.minimum_message_seconds", keys.minimum_message_seconds, found);
    let answer_after = span("limits.answer_after_seconds", keys.answer_after_seconds, found);
    if recording > call {
        found.push(Mistake::new(
            "limits.recording_seconds",
            format!(
                "a recording of {} s does not fit into a call of {} s (limits.call_seconds)",
                keys.recording_seconds.0, keys.call_seconds.0
            ),
        ));
    }
    if minimum_message >= recording && !recording.is_zero() {
        found.push(Mistake::new(
            "limits.minimum_message_seconds",
            "is not less than limits.recording_seconds, so no message could ever be long enough",
        ));
    }
    CallLimits {
        calls: keys.calls,
        subscriber_calls: keys.subscriber_calls,
        answer_after,
        call,
        greeting,
        recording,
        silence,
        minimum_message,
        stop,
        notifications_per_hour: keys.notifications_per_hour,
    }
}

pub(super) fn warn_of_media(
    config: &Config,
    address: Option<IpAddr>,
    ports: &RangeInclusive<u16>,
    listen: &[Hop],
    warnings: &mut Vec<String>,
) {
    let public = listen.iter().any(|hop| !hop.addr.ip().is_loopback());
    if public && address.is_some_and(|address| address.is_loopback()) {
        warnings.push(
            "media.address is a loopback address, but sip.listen is not: callers would hear nothing"
                .into(),
        );
    }
    let pairs = (usize::from(*ports.end()) - usize::from(*ports.start())).div_ceil(2);
    if pairs < config.limits.calls {
        warnings.push(format!(
            "media.ports has room for {pairs} calls, fewer than limits.calls = {}",
            config.limits.calls
        ));
    }
}

pub(super) fn http(text: &str, found: &mut Vec<Mistake>) -> Option<SocketAddr> {
    if text.is_empty() {
        return None;
    }
    text.parse()
        .map_err(|_| {
            found.push(Mistake::new(
                "http.listen",
                format!(
                    "\"{text}\": an IP address and a port are wanted, as in \"127.0.0.1:8080\""
                ),
            ));
        })
        .ok()
}
