//! The engine on real sockets of the loopback interface, against a caller made
//! of a plain UDP socket.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests share is test code too"
)]

mod caller;
mod secure;
mod sound;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread::park_timeout;
use std::time::{Duration, Instant};

use ringpost_media::{
    Engine, EngineConfig, MediaError, MediaEvent, Prompt, Recorded, Sound, Stream, StreamConfig,
    attachment, measure, recover, recover_file,
};
use ringpost_model::Codec;
use tempfile::TempDir;
use tokio::sync::mpsc::UnboundedReceiver;

use caller::Caller;
use sound::{align, decode, encode, tone, wav};

const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const TICK: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(10);

struct House {
    engine: Engine,
    folder: TempDir,
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let recordings = folder.path().join("recordings");
        let config = EngineConfig { workers: 2, ports: 26_000..=26_999, recordings };
        Self { engine: Engine::start(config).unwrap(), folder }
    }

    fn recordings(&self) -> std::path::PathBuf {
        self.folder.path().join("recordings")
    }

    /// A call from `caller`, with the signalled address it says.
    fn call(&self, caller: &Caller, nat: bool) -> Call {
        let (stream, events) = self.engine.open(StreamConfig { local: LOCAL, nat }).unwrap();
        stream.connect(caller.audio());
        Call { stream, events }
    }
}

struct Call {
    stream: Stream,
    events: UnboundedReceiver<MediaEvent>,
}

impl Call {
    /// Nobody speaks within the tick that an order may take.
    fn record(&self, name: &str) {
        self.stream.record(name);
        park_timeout(TICK * 2);
    }

    fn wait(&mut self) -> MediaEvent {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(event) = self.events.try_recv() {
                return event;
            }
            assert!(Instant::now() < deadline, "nothing happened");
            park_timeout(Duration::from_millis(2));
        }
    }

    /// The recording, and the keys pressed before it was closed.
    fn closed(&mut self) -> (Result<Recorded, MediaError>, String) {
        let mut keys = String::new();
        loop {
            match self.wait() {
                MediaEvent::RecordingClosed(result) => return (result, keys),
                MediaEvent::Digit(key) => keys.push(key),
                MediaEvent::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
    }

    fn stop(&mut self) -> Recorded {
        self.stream.stop_recording();
        self.closed().0.unwrap()
    }
}

fn samples(path: &Path) -> Vec<i16> {
    hound::WavReader::open(path).unwrap().into_samples::<i16>().map(Result::unwrap).collect()
}

#[test]
fn what_is_said_is_what_is_recorded() {
    let house = House::new();
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let mut caller = Caller::new(codec);
        let mut call = house.call(&caller, false);
        let to = call.stream.local_addr();
        assert!(to.port().is_multiple_of(2));
        let sound = tone(1400);
        let name = codec.name();
        let began = Instant::now();
        call.record(name);
        caller.speak(to, &sound[..8000]);
        caller.press(to, 5);
        caller.pause(13);
        caller.speak(to, &sound[8000..]);
        caller.pace();
        call.stream.stop_recording();
        let spent = began.elapsed();
        let (recorded, keys) = call.closed();
        let recorded = recorded.unwrap();
        assert_eq!(keys, "5");
        assert_eq!(recorded.file, format!("{name}.wav"));
        assert!(recorded.duration.abs_diff(spent) < Duration::from_millis(100), "{recorded:?}");
        assert!(recorded.said.abs_diff(Duration::from_millis(1400)) <= TICK * 3, "{recorded:?}");
        let path = house.recordings().join(&recorded.file);
        assert_eq!(measure(&path).unwrap(), recorded);
        // One second of sound, 400 ms of key and pause, the rest.
        let whole = [&sound[..8000], &[0; 20 * 160], &sound[8000..]].concat();
        let (at, fit) = align(&samples(&path), &whole);
        assert!(fit > 0.99 && at < 1600, "{name}: {fit} at {at}");
        let mail = attachment(&path, Sound::G711Wav).unwrap();
        assert!(mail.len() < samples(&path).len() + 60);
    }
    assert_eq!(house.engine.statistics().recordings, 0);
}

#[test]
fn the_caller_hears_the_prompt_as_it_is() {
    let house = House::new();
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let caller = Caller::new(codec);
        let mut call = house.call(&caller, false);
        park_timeout(TICK * 4);
        caller.socket.set_nonblocking(true).unwrap();
        assert!(caller.socket.recv(&mut [0; 200]).is_err(), "nothing before the first prompt");
        caller.socket.set_nonblocking(false).unwrap();
        let sound = tone(1210);
        let prompt = Prompt::from_wav(&wav(&sound)).unwrap();
        assert_eq!(prompt.duration(), Duration::from_millis(1210));
        call.stream.play(Arc::new(prompt));
        let (mut heard, mut headers, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..61 {
            let mut packet = [0; 400];
            let length = caller.socket.recv(&mut packet).unwrap();
            times.push(Instant::now());
            assert_eq!(length, 172);
            heard.extend(decode(codec, &packet[12..length]));
            headers.push(packet[..12].to_vec());
        }
        assert!(matches!(call.wait(), MediaEvent::PromptFinished));
        assert!(heard[..sound.len()] == decode(codec, &encode(codec, &sound)));
        assert!(heard[sound.len()..].iter().all(|sample| sample.abs() <= 8), "ends in silence");
        let number = |header: &[u8]| u16::from_be_bytes([header[2], header[3]]);
        let time = |h: &[u8]| u32::from_be_bytes([h[4], h[5], h[6], h[7]]);
        for pair in headers.windows(2) {
            assert_eq!(number(&pair[1]), number(&pair[0]).wrapping_add(1));
            assert_eq!(time(&pair[1]), time(&pair[0]).wrapping_add(160));
            assert_eq!(pair[1][8..], pair[0][8..], "one SSRC");
            assert_eq!(pair[1][1], caller.payload_type(), "the marker stands on the first only");
        }
        assert_eq!(headers[0][1], 0x80 | caller.payload_type());
        let span = times[60].duration_since(times[0]);
        assert!(span.abs_diff(TICK * 60) < TICK * 3, "paced at 20 ms: {span:?}");
        let near = times.windows(2).filter(|t| t[1].duration_since(t[0]).abs_diff(TICK) < TICK / 2);
        assert!(near.count() > 40, "evenly");
    }
}

#[test]
fn strangers_are_not_heard_and_a_new_offer_latches_anew() {
    let house = House::new();
    let mut caller = Caller::new(Codec::Pcmu);
    let mut stranger = Caller::at(Codec::Pcmu, "127.0.0.2".parse().unwrap());
    let mut call = house.call(&caller, false);
    let to = call.stream.local_addr();
    call.record("strangers");
    stranger.speak(to, &[20_000, -20_000].repeat(800));
    caller.speak(to, &[0; 1600]);
    stranger.speak(to, &[20_000, -20_000].repeat(800));
    let recorded = call.stop();
    assert_eq!(recorded.said, Duration::ZERO);
    assert!(house.engine.statistics().refused >= 10);
    // The peer moves: only now the other address counts, and is sent to.
    call.stream.connect(stranger.audio());
    call.stream.record("moved");
    call.stream.play(Arc::new(Prompt::default_greeting()));
    assert_eq!(stranger.socket.recv(&mut [0; 400]).unwrap(), 172);
    stranger.speak(to, &tone(300));
    let said = call.stop().said;
    assert!(said >= Duration::from_millis(240), "{said:?}");
    assert_eq!(stranger.socket.recv(&mut [0; 400]).unwrap(), 172);
}

#[test]
fn behind_nat_the_first_one_to_send_is_the_caller() {
    let house = House::new();
    let signalled = Caller::new(Codec::Pcmu);
    let mut real = Caller::at(Codec::Pcmu, "127.0.0.3".parse().unwrap());
    let mut call = house.call(&signalled, true);
    let to = call.stream.local_addr();
    real.speak(to, &tone(40));
    park_timeout(TICK * 3);
    call.stream.play(Arc::new(Prompt::default_greeting()));
    assert_eq!(real.socket.recv(&mut [0; 400]).unwrap(), 172);
    call.stream.stop_playing();
    call.record("nat");
    real.speak(to, &tone(300));
    assert!(call.stop().said >= Duration::from_millis(240));
    // Nobody who sends later, and be it the one that was signalled.
    let mut late = [signalled, Caller::at(Codec::Pcmu, "127.0.0.4".parse().unwrap())];
    call.stream.record("late");
    late.iter_mut().for_each(|caller| caller.speak(to, &tone(200)));
    assert_eq!(call.stop().said, Duration::ZERO);
}

#[test]
fn what_is_recorded_survives_the_process() {
    let house = House::new();
    let mut caller = Caller::new(Codec::Pcmu);
    let call = house.call(&caller, false);
    call.record("cut-off");
    let sound = tone(2000);
    caller.speak(call.stream.local_addr(), &sound);
    // What kill -9 would leave: the file as it is now.
    let after = house.folder.path().join("after");
    std::fs::create_dir(&after).unwrap();
    std::fs::copy(house.recordings().join("cut-off.wav"), after.join("cut-off.wav")).unwrap();
    recover(&after).unwrap();
    let recovered = recover_file(&after.join("cut-off.wav")).unwrap();
    assert!(recovered.duration >= Duration::from_millis(1000), "{recovered:?}");
    let kept = samples(&after.join("cut-off.wav"));
    let (_, fit) = align(&kept, &sound[..6400]);
    assert!(fit > 0.99, "{fit}");
}

#[test]
fn dropping_a_stream_or_stopping_the_engine_keeps_the_message() {
    let house = House::new();
    let mut caller = Caller::new(Codec::Pcma);
    let mut dropped = house.call(&caller, false);
    dropped.stream.record("dropped");
    caller.speak(dropped.stream.local_addr(), &tone(300));
    let Call { stream, events } = dropped;
    drop(stream);
    dropped = Call { events, ..house.call(&caller, false) };
    let recorded = dropped.closed().0.unwrap();
    assert!(recorded.said >= Duration::from_millis(240), "{recorded:?}");
    let mut stopped = house.call(&caller, false);
    stopped.stream.record("stopped");
    caller.speak(stopped.stream.local_addr(), &tone(300));
    house.engine.stop();
    let recorded = stopped.closed().0.unwrap();
    assert!(recorded.said >= Duration::from_millis(240), "{recorded:?}");
    assert_eq!(measure(&house.recordings().join("stopped.wav")).unwrap(), recorded);
    let refused = house.engine.open(StreamConfig { local: LOCAL, nat: false });
    assert!(matches!(refused, Err(MediaError::Stopped)));
}

#[test]
fn a_recording_that_cannot_be_written_is_said_at_once() {
    let house = House::new();
    let caller = Caller::new(Codec::Pcmu);
    let mut call = house.call(&caller, false);
    call.stream.stop_recording();
    assert!(matches!(call.closed().0, Err(MediaError::NotRecording)));
    call.stream.record("twice");
    drop(call.stop());
    call.stream.record("twice");
    let MediaEvent::Failed(error) = call.wait() else { panic!("written over") };
    assert!(error.to_string().contains("twice.wav"), "{error}");
    std::fs::remove_dir_all(house.recordings()).unwrap();
    call.stream.record("nowhere");
    while !matches!(call.wait(), MediaEvent::Failed(_)) {}
    call.stream.stop_recording();
    assert!(call.closed().0.is_err());
}

#[test]
fn many_calls_at_once_are_all_whole() {
    let house = House::new();
    let mut caller = Caller::new(Codec::Pcmu);
    let mut calls: Vec<Call> = (0..60).map(|_| house.call(&caller, false)).collect();
    let ports: Vec<SocketAddr> = calls.iter().map(|call| call.stream.local_addr()).collect();
    let greeting = Arc::new(Prompt::default_greeting());
    for (number, call) in calls.iter().enumerate() {
        call.stream.record(&format!("call-{number}"));
        call.stream.play(Arc::clone(&greeting));
    }
    park_timeout(TICK * 2);
    let sound = tone(1000);
    for frame in encode(Codec::Pcmu, &sound).chunks(160) {
        caller.pace();
        for to in &ports {
            caller.socket.send_to(&caller.packet(0, frame), to).unwrap();
        }
        caller.sequence = caller.sequence.wrapping_add(1);
        caller.timestamp = caller.timestamp.wrapping_add(160);
    }
    for call in &mut calls {
        let recorded = call.stop();
        let (_, fit) = align(&samples(&house.recordings().join(&recorded.file)), &sound[..7800]);
        assert!(fit > 0.99, "{}: {fit}", recorded.file);
    }
    let statistics = house.engine.statistics();
    assert_eq!((statistics.streams, statistics.received), (60, 3000), "{statistics:?}");
    drop(calls);
    let deadline = Instant::now() + PATIENCE;
    while house.engine.statistics().streams > 0 {
        assert!(Instant::now() < deadline);
        park_timeout(Duration::from_millis(2));
    }
}
