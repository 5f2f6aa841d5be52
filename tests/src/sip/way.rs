//! How a caller reaches the server: transport, address, and for TLS what is
//! trusted and shown.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use crate::authority::{Authority, Identity};

/// The way to a server. A plain address stands for UDP.
#[derive(Clone)]
pub struct Way {
    pub(super) server: SocketAddr,
    pub(super) from: IpAddr,
    pub(super) kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    Udp,
    Tcp,
    Tls(Arc<ClientConfig>, ServerName<'static>),
}

impl From<SocketAddr> for Way {
    fn from(server: SocketAddr) -> Self {
        let from = if server.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)
        };
        Self { server, from, kind: Kind::Udp }
    }
}

impl Way {
    /// A TCP connection.
    pub fn tcp(server: SocketAddr) -> Self {
        Self { kind: Kind::Tcp, ..server.into() }
    }

    /// A TLS connection as `client` makes it.
    pub fn tls(server: SocketAddr, client: &Client) -> Self {
        let name = ServerName::try_from(client.expects.clone()).expect("a name");
        Self { kind: Kind::Tls(client.config(), name), ..server.into() }
    }

    /// From another address of this machine.
    #[must_use]
    pub fn from_address(mut self, address: IpAddr) -> Self {
        self.from = address;
        self
    }

    /// As Via has it.
    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Udp => "UDP",
            Kind::Tcp => "TCP",
            Kind::Tls(..) => "TLS",
        }
    }
}

/// A client of TLS: whom it trusts, what it shows.
#[derive(Clone)]
pub struct Client {
    roots: RootCertStore,
    identity: Option<Arc<Identity>>,
    versions: &'static [&'static SupportedProtocolVersion],
    expects: String,
}

impl Client {
    /// Trusts this authority and shows nothing; the server is to be
    /// `sip.example.com`.
    pub fn trusting(authority: &Authority) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.certificate().clone()).expect("a certificate");
        Self { roots, identity: None, versions: ALL, expects: "sip.example.com".into() }
    }

    /// Shows this certificate when it is asked for one.
    #[must_use]
    pub fn showing(mut self, identity: Identity) -> Self {
        self.identity = Some(Arc::new(identity));
        self
    }

    /// The server is to be that one.
    #[must_use]
    pub fn expecting(mut self, name: &str) -> Self {
        self.expects = name.into();
        self
    }

    /// Speaks TLS 1.2 only.
    #[must_use]
    pub fn of_tls_1_2(mut self) -> Self {
        self.versions = ONLY_1_2;
        self
    }

    /// Speaks TLS 1.3 only.
    #[must_use]
    pub fn of_tls_1_3(mut self) -> Self {
        self.versions = ONLY_1_3;
        self
    }

    fn config(&self) -> Arc<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = Arc::new(self.roots.clone());
        let verifier = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider));
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .expect("versions")
            .with_webpki_verifier(verifier.build().expect("a verifier"));
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => builder
                .with_client_auth_cert(vec![identity.certificate().clone()], identity.key())
                .expect("a certificate and its key"),
        };
        Arc::new(config)
    }
}

const ALL: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
const ONLY_1_2: &[&SupportedProtocolVersion] = &[&version::TLS12];
const ONLY_1_3: &[&SupportedProtocolVersion] = &[&version::TLS13];
