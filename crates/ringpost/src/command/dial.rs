//! `ringpost dial sip:USER@HOST --wav FILE --hang-up ringing|greeting|recording`

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ringpost_media::Prompt;

use super::Failure;
use crate::test_caller::{HangUp, TestCall, TestCaller};

#[derive(Debug, Args)]
pub struct Options {
    /// Whom to call: sip:USER@HOST or sip:USER@HOST:PORT
    uri: String,
    /// What to say, a WAV file of any rate; left out: the built-in greeting
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
    /// Where to hang up
    #[arg(long, value_enum, default_value = "recording")]
    hang_up: HangUp,
    /// How long to wait in that state before hanging up
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    after: f64,
    /// Who calls
    #[arg(long, value_name = "URI", default_value = "sip:+14255550142@example.com")]
    from: String,
    /// Display name of who calls
    #[arg(long, value_name = "NAME")]
    from_name: Option<String>,
}

pub async fn run(options: Options) -> Result<(), Failure> {
    let destination = resolve(&options.uri).await?;
    let message = match &options.wav {
        None => Prompt::default_greeting(),
        Some(file) => {
            let bytes = std::fs::read(file)
                .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
            Prompt::from_wav(&bytes).map_err(|error| format!("{}: {error}", file.display()))?
        }
    };
    let after = Duration::try_from_secs_f64(options.after)
        .map_err(|_| "--after: a number of seconds, 0 or more, is wanted")?;
    let caller = TestCaller::start(local_ip(destination)?, destination).await?;
    let call = TestCall {
        destination,
        uri: options.uri,
        from: options.from,
        from_name: options.from_name,
        message: Arc::new(message),
        hang_up: options.hang_up,
        after,
    };
    let placed = caller.place(call, |step| println!("{step}")).await;
    caller.close().await;
    placed
}

/// Where `sip:USER@HOST[:PORT]` is; port 5060 when none is named.
async fn resolve(uri: &str) -> Result<SocketAddr, Failure> {
    let wrong =
        || Failure::from(format!("\"{uri}\" is no SIP URI; write sip:alice@127.0.0.1:5060"));
    let rest = uri.strip_prefix("sip:").ok_or_else(wrong)?;
    let (_, host) =
        rest.split(';').next().and_then(|rest| rest.split_once('@')).ok_or_else(wrong)?;
    let with_port = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() && !name.ends_with(':') => {
            host.to_owned()
        }
        _ => format!("{host}:5060"),
    };
    let mut found = tokio::net::lookup_host(&with_port)
        .await
        .map_err(|error| format!("{host} cannot be found: {error}"))?;
    found.next().ok_or_else(|| format!("{host} has no address").into())
}

/// The address of this machine that reaches `destination`.
fn local_ip(destination: SocketAddr) -> Result<IpAddr, Failure> {
    let any: SocketAddr =
        if destination.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(destination)?;
    Ok(socket.local_addr()?.ip())
}
