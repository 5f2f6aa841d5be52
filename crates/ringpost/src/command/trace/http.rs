//! One GET to the admin interface.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Failure;

const PATIENCE: Duration = Duration::from_secs(15);
/// A longer answer is nothing that a server of ours gives.
const LONGEST: u64 = 256 << 20;

/// `host:port` of a URL.
pub(super) fn authority(url: &str) -> Result<String, Failure> {
    let rest = url.strip_prefix("http://").unwrap_or(url).trim_end_matches('/');
    let has_port = rest.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && (!host.contains(':') || host.ends_with(']'))
            && port.parse::<u16>().is_ok()
    });
    let is_plain = !rest.contains(['/', '@', '?', '#']) && !rest.contains(char::is_whitespace);
    if has_port && is_plain {
        return Ok(rest.to_owned());
    }
    Err(format!("--server {url}: write it as http://127.0.0.1:8080").into())
}

/// Where a server is reached that listens there.
pub(super) fn reachable(listen: SocketAddr) -> String {
    let ip: IpAddr = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port()).to_string()
}

/// A text as one segment of a path (RFC 3986 §2.3).
pub(super) fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        // A segment of dots alone would be a step in the path.
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// Status and body. HTTP/1.0, so that the end of the answer is the end of the
/// connection.
pub(super) async fn get(server: &str, path: &str) -> Result<(u16, String), Failure> {
    let asked = async {
        let mut stream = TcpStream::connect(server).await?;
        let request =
            format!("GET {path} HTTP/1.0\r\nHost: {server}\r\nAccept: application/json\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let answer = tokio::time::timeout(PATIENCE, asked)
        .await
        .map_err(|_| format!("{server} does not answer; is it the admin interface of Ringpost (http.listen)?"))?
        .map_err(|error| {
            format!("no server answers at {server} ({error}): start it with `ringpost serve`, or name it with --server")
        })?;
    let answer = String::from_utf8_lossy(&answer);
    let parsed = answer.split_once("\r\n\r\n").and_then(|(head, body)| {
        let status = head.strip_prefix("HTTP/1.")?.split_whitespace().nth(1)?;
        Some((status.parse().ok()?, body.to_owned()))
    });
    parsed.ok_or_else(|| {
        format!("{server} speaks no HTTP; is it the admin interface (http.listen)?").into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_url() {
        for (url, expected) in [
            ("http://127.0.0.1:8080", Some("127.0.0.1:8080")),
            ("http://[::1]:8080/", Some("[::1]:8080")),
            ("ringpost.example.com:80", Some("ringpost.example.com:80")),
            ("https://127.0.0.1:8080", None),
            ("http://127.0.0.1", None),
            ("http://::1:80", None),
            ("http://a:80/b c", None),
        ] {
            assert_eq!(authority(url).ok().as_deref(), expected, "{url}");
        }
        let listen = |text: &str| reachable(text.parse().unwrap());
        assert_eq!(listen("0.0.0.0:8080"), "127.0.0.1:8080");
        assert_eq!(listen("[::]:8080"), "[::1]:8080");
        assert_eq!(encoded("a/b?c@192.0.2.1"), "a%2Fb%3Fc%40192%2E0%2E2%2E1");
    }
}
