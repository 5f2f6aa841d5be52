//! The certificates that are in use, and their renewal while calls go on.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime};

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::files::Configs;
use super::names::domains;
use super::{TlsError, TlsFiles};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How often a certificate that ends soon, or has ended, is complained of.
const WARN_EVERY: Duration = Duration::from_secs(86_400);

/// What handshakes are made with now. Connections that stand keep what they
/// were made with.
#[derive(Debug)]
pub(crate) struct Tls {
    files: TlsFiles,
    current: Mutex<Current>,
    /// Where handshakes are computed; `None`: where they are waited for.
    handshakes: Option<Handle>,
}

#[derive(Debug)]
struct Current {
    /// `None`: nothing is configured, and nothing was needed yet.
    configs: Option<Arc<Configs>>,
    /// What the files looked like when they were read last.
    stamps: Vec<Stamp>,
}

/// Time of change and length; `None` where it cannot be told.
type Stamp = Option<(SystemTime, u64)>;

impl Tls {
    /// Reads the files, where there are any.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn read(files: TlsFiles, handshakes: Option<Handle>) -> Result<Arc<Tls>, TlsError> {
        let stamps = stamps(&files);
        let named = !stamps.is_empty();
        let configs = if named { Some(Arc::new(Configs::read(&files)?)) } else { None };
        Ok(Arc::new(Tls { files, current: Mutex::new(Current { configs, stamps }), handshakes }))
    }

    /// Reads the files anew; what is there stays where they are broken.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let stamps = stamps(&self.files);
        let read = Configs::read(&self.files).map(Arc::new);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        // Broken files are not read again before they change.
        current.stamps = stamps;
        current.configs = Some(read?);
        Ok(())
    }

    /// Reads the files anew where they look changed; `None`: they do not.
    pub(super) fn reload_if_changed(&self) -> Option<Result<(), TlsError>> {
        let stamps = stamps(&self.files);
        let known = self.current.lock().unwrap_or_else(PoisonError::into_inner).stamps.clone();
        (stamps != known).then(|| self.reload())
    }

    /// Peers refuse a certificate that has ended; nobody else would say so.
    fn warn_of_the_end(&self, now: SystemTime) {
        let configs = self.current.lock().unwrap_or_else(PoisonError::into_inner).configs.clone();
        let Some(expiry) = configs.as_ref().and_then(|configs| configs.expiry.as_ref()) else {
            return;
        };
        if let Err(error) = expiry.check(now) {
            tracing::error!(%error, "no peer will take our certificate");
        } else if let Some(warning) = expiry.warning(now) {
            tracing::warn!("{warning}");
        }
    }

    pub(super) fn configs(&self) -> io::Result<Arc<Configs>> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(configs) = &current.configs {
            return Ok(configs.clone());
        }
        let configs = Arc::new(Configs::read(&self.files).map_err(io::Error::other)?);
        current.configs = Some(configs.clone());
        Ok(configs)
    }

    /// The handshake of a stream that came, and whom the peer has proved to be.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> io::Result<(server::TlsStream<TcpStream>, Vec<String>)> {
        let config = self.configs()?.server.clone().ok_or(io::ErrorKind::Unsupported)?;
        let stream = self.compute(TlsAcceptor::from(config).accept(stream)).await?;
        let names = proved(stream.get_ref().1.peer_certificates());
        Ok((stream, names))
    }

    /// The handshake of a stream of ours. `name`: whom the peer has to prove to
    /// be; without one its address.
    pub(crate) async fn connect(
        &self,
        stream: TcpStream,
        name: Option<&str>,
        ip: IpAddr,
    ) -> io::Result<(client::TlsStream<TcpStream>, Vec<String>)> {
        let name = match name {
            Some(name) => ServerName::try_from(name.to_owned()).map_err(io::Error::other)?,
            None => ServerName::from(ip),
        };
        let config = self.configs()?.client.clone();
        let stream = self.compute(TlsConnector::from(config).connect(name, stream)).await?;
        let names = proved(stream.get_ref().1.peer_certificates());
        Ok((stream, names))
    }

    /// Runs a handshake where it keeps nobody waiting. It ends with this future.
    async fn compute<T: Send + 'static>(
        &self,
        handshake: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let Some(runtime) = &self.handshakes else { return handshake.await };
        let mut task = JoinSet::new();
        task.spawn_on(handshake, runtime);
        match task.join_next().await {
            Some(Ok(done)) => done,
            Some(Err(_)) | None => Err(io::Error::other("the handshake broke inside")),
        }
    }
}

/// Looks at the files for as long as anybody uses them.
pub(crate) async fn watch(tls: Weak<Tls>) {
    let mut warn = Instant::now();
    loop {
        match tls.upgrade() {
            Some(tls) if Instant::now() >= warn => {
                tls.warn_of_the_end(SystemTime::now());
                warn += WARN_EVERY;
            }
            Some(_) => {}
            None => return,
        }
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(tls) = tls.upgrade() else { return };
        let looked = tokio::task::spawn_blocking(move || tls.reload_if_changed()).await;
        match looked {
            Ok(Some(Ok(()))) => {
                tracing::info!("the TLS files have changed; new connections use them")
            }
            Ok(Some(Err(error))) => {
                tracing::error!(%error, "the TLS files have changed and cannot be used; the old certificate stays");
            }
            Ok(None) | Err(_) => {}
        }
    }
}

fn proved(chain: Option<&[CertificateDer<'_>]>) -> Vec<String> {
    chain.and_then(<[_]>::first).map(domains).unwrap_or_default()
}

fn stamps(files: &TlsFiles) -> Vec<Stamp> {
    let named = [&files.certificate, &files.key, &files.ca];
    let stamp = |file| {
        let seen = std::fs::metadata(file).ok()?;
        Some((seen.modified().ok()?, seen.len()))
    };
    named.into_iter().flatten().map(stamp).collect()
}
