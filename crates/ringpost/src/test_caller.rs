//! A caller of our own, for `dial` and `demo`: places one call, listens to the
//! greeting, leaves a message, hangs up where it is told to.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ringpost_media::{Engine, EngineConfig, MediaEvent, Prompt, Stream, StreamConfig};
use ringpost_sip::{
    Arrival, Credentials, Endpoint, EndpointConfig, Hop, Network, OutgoingCall, OutgoingInfo,
    OutgoingInvite, Peer, Progress, SrtpPolicy, Strangers, TlsFiles, Transport,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::command::Failure;
use crate::serve::new_id;

/// Longer than any greeting that a test call should have to hear out.
const GREETING_AT_MOST: Duration = Duration::from_secs(60);

/// Quiet that means the greeting and its beep are over: longer than the pauses
/// in a greeting, shorter than the silence that ends a recording.
const OVER_AFTER: Duration = Duration::from_millis(600);

/// Where the caller hangs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum HangUp {
    /// Before the answer (CANCEL)
    Ringing,
    /// While the greeting plays
    Greeting,
    /// After the message is left
    Recording,
}

/// One call to place.
pub struct TestCall {
    /// Where to.
    pub destination: Hop,
    /// Request-URI.
    pub uri: String,
    /// From.
    pub from: String,
    /// Display name in From.
    pub from_name: Option<String>,
    /// What to say.
    pub message: Arc<Prompt>,
    /// Where to hang up.
    pub hang_up: HangUp,
    /// How long to wait in the state before hanging up in it.
    pub after: Duration,
    /// What a challenge is answered by.
    pub credentials: Option<Credentials>,
}

/// SIP and sound of the caller.
pub struct TestCaller {
    endpoint: Endpoint,
    engine: Engine,
    local: IpAddr,
    folder: PathBuf,
    _arrivals: mpsc::Receiver<Arrival>,
}

impl TestCaller {
    /// Starts one on free ports at the address that reaches the destination.
    /// Certificates are verified by the authorities in that PEM file, or by the
    /// system's.
    ///
    /// # Errors
    /// When nobody listens at the destination, or there is no port or folder to
    /// be had.
    pub async fn start(destination: Hop, ca: Option<&Path>) -> Result<Self, Failure> {
        let local = local_ip(destination.addr)?;
        knock(local, destination).await?;
        let folder = std::env::temp_dir().join(format!("ringpost-caller-{}", new_id()));
        std::fs::create_dir_all(&folder)?;
        let engine = Engine::start(EngineConfig {
            workers: 1,
            ports: 30000..=39999,
            recordings: folder.clone(),
        })?;
        let (endpoint, arrivals) = Endpoint::bind(EndpointConfig {
            listen: vec![Hop::udp(SocketAddr::new(local, 0))],
            tls: TlsFiles { ca: ca.map(Path::to_owned), ..TlsFiles::default() },
            peers: vec![Peer::trusted(
                "called",
                vec![destination.addr.ip().to_string().parse::<Network>()?],
            )],
            strangers: Strangers::Refused,
            server: concat!("Ringpost/", env!("CARGO_PKG_VERSION"), " test caller").into(),
            trace_bytes: 0,
            session_expires: EndpointConfig::SESSION_EXPIRES,
            handshakes: None,
        })
        .await?;
        Ok(Self { endpoint, engine, local, folder, _arrivals: arrivals })
    }

    /// Sends a report by INFO and returns the status of its answer.
    ///
    /// # Errors
    /// No answer.
    pub async fn inform(&self, info: OutgoingInfo) -> Result<u16, Failure> {
        Ok(self.endpoint.request_info(info).await?)
    }

    /// Places the call; `tell` hears of each step.
    ///
    /// # Errors
    /// The call was refused, or did not come as far as it should.
    pub async fn place(&self, call: TestCall, tell: impl Fn(&str)) -> Result<(), Failure> {
        let (stream, mut sound) =
            self.engine.open(StreamConfig { local: self.local, nat: false })?;
        let mut outgoing = self.endpoint.place(OutgoingInvite {
            destination: Some(call.destination),
            uri: call.uri.clone(),
            from: call.from.clone(),
            from_name: call.from_name.clone(),
            headers: Vec::new(),
            rtp: SocketAddr::new(self.local, stream.local_addr().port()),
            srtp: SrtpPolicy::Off,
            credentials: call.credentials.clone(),
        });
        if call.hang_up == HangUp::Ringing {
            return give_up(&mut outgoing, call.after, tell).await;
        }
        answered(&mut outgoing, &stream, &tell).await?;
        if call.hang_up == HangUp::Greeting {
            sleep(call.after).await;
            outgoing.control.hang_up();
            tell("hung up in the greeting");
        } else {
            stream.record("greeting");
            hear_out(&mut outgoing, &mut sound).await?;
            tell("heard the greeting and the beep");
            let length = call.message.duration();
            stream.play(call.message.clone());
            speak(&mut outgoing, &mut sound, length + Duration::from_secs(5)).await?;
            sleep(call.after).await;
            outgoing.control.hang_up();
            tell("left the message and hung up");
        }
        // Our BYE has its answer when the dialog is gone.
        let _ = timeout(Duration::from_secs(5), async {
            while outgoing.progress.recv().await.is_some() {}
        })
        .await;
        Ok(())
    }

    /// Ends the caller.
    pub async fn close(self) {
        self.endpoint.close(Duration::from_millis(200)).await;
    }
}

impl Drop for TestCaller {
    fn drop(&mut self) {
        self.engine.stop();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Where the host says that nobody listens, there is no use in waiting for the
/// transaction to time out (32 s).
pub async fn knock(local: IpAddr, destination: Hop) -> Result<(), Failure> {
    let nobody = || format!("nobody listens at {destination}; is the server running there?");
    if destination.transport != Transport::Udp {
        let connecting = tokio::net::TcpStream::connect(destination.addr);
        return match timeout(Duration::from_secs(4), connecting).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(nobody().into()),
        };
    }
    let socket = tokio::net::UdpSocket::bind(SocketAddr::new(local, 0)).await?;
    socket.connect(destination.addr).await?;
    // A keep-alive of RFC 5626 §4.4.1: it asks for no answer over UDP.
    socket.send(b"\r\n\r\n").await?;
    let mut answer = [0; 1];
    match timeout(Duration::from_millis(100), socket.recv(&mut answer)).await {
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Err(nobody().into())
        }
        _ => Ok(()),
    }
}

/// The address of this machine that reaches `destination`.
pub fn local_ip(destination: SocketAddr) -> Result<IpAddr, Failure> {
    let any: SocketAddr =
        if destination.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.connect(destination)?;
    Ok(socket.local_addr()?.ip())
}

/// CANCELs once the call rings, or after a while when it is only being tried.
async fn give_up(
    outgoing: &mut OutgoingCall,
    after: Duration,
    tell: impl Fn(&str),
) -> Result<(), Failure> {
    let until = Instant::now() + after;
    loop {
        match timeout_at(until, outgoing.progress.recv()).await {
            Ok(Some(Progress::Ringing)) => tell("ringing"),
            Ok(Some(Progress::Answered(_))) => {
                outgoing.control.hang_up();
                return Err("the call was answered before it could be cancelled; \
                     set limits.answer_after_seconds so that it rings"
                    .into());
            }
            Ok(progress) => return Err(ended(progress)),
            Err(_) => break,
        }
    }
    outgoing.control.cancel();
    match timeout(Duration::from_secs(32), outgoing.progress.recv()).await {
        Ok(Some(Progress::Refused(487, _))) => {
            tell("hung up while it rang");
            Ok(())
        }
        Ok(progress) => Err(ended(progress)),
        Err(_) => Err("the CANCEL was not answered".into()),
    }
}

async fn answered(
    outgoing: &mut OutgoingCall,
    stream: &Stream,
    tell: &impl Fn(&str),
) -> Result<(), Failure> {
    loop {
        match timeout(Duration::from_secs(180), outgoing.progress.recv()).await {
            Ok(Some(Progress::Ringing)) => tell("ringing"),
            Ok(Some(Progress::Answered(remote))) => {
                stream.connect(remote);
                tell("answered");
                return Ok(());
            }
            Ok(progress) => return Err(ended(progress)),
            Err(_) => return Err("nobody answered within three minutes".into()),
        }
    }
}

/// Listens until the greeting is over: something was heard, then quiet.
async fn hear_out(
    outgoing: &mut OutgoingCall,
    sound: &mut mpsc::UnboundedReceiver<MediaEvent>,
) -> Result<(), Failure> {
    let mut until = Instant::now() + GREETING_AT_MOST;
    let mut heard = false;
    loop {
        tokio::select! {
            event = sound.recv() => match event {
                Some(MediaEvent::VoiceStarted) => {
                    heard = true;
                    until = Instant::now() + GREETING_AT_MOST;
                }
                Some(MediaEvent::VoiceStopped) if heard => until = Instant::now() + OVER_AFTER,
                Some(_) => {}
                None => return Err("the sound of the call ended".into()),
            },
            progress = outgoing.progress.recv() => return Err(ended(progress)),
            () = tokio::time::sleep_until(until) => {
                return if heard { Ok(()) } else { Err("no greeting was heard".into()) };
            }
        }
    }
}

/// Waits until the message is spoken.
async fn speak(
    outgoing: &mut OutgoingCall,
    sound: &mut mpsc::UnboundedReceiver<MediaEvent>,
    at_most: Duration,
) -> Result<(), Failure> {
    let until = Instant::now() + at_most;
    loop {
        tokio::select! {
            event = sound.recv() => match event {
                Some(MediaEvent::PromptFinished) => return Ok(()),
                Some(_) => {}
                None => return Err("the sound of the call ended".into()),
            },
            progress = outgoing.progress.recv() => return Err(ended(progress)),
            () = tokio::time::sleep_until(until) => return Err("the message could not be played".into()),
        }
    }
}

fn ended(progress: Option<Progress>) -> Failure {
    match progress {
        Some(Progress::Refused(status, reason)) => {
            format!("the call was refused: {status} {reason}")
        }
        Some(Progress::TimedOut) => {
            "no answer from the server; is it running at that address?".into()
        }
        Some(Progress::HungUp) => "the server hung up".into(),
        _ => "the call ended early".to_owned(),
    }
    .into()
}
