//! `[sip.tls]`, `[[sip.peer]]` and `[[sip.registration]]`: with whom SIP is
//! spoken, and how each proves who he is.

use std::path::Path;

use ringpost_sip::{
    Believed, ClientCertificate, Credentials, DigestHashes, Hop, Peer, Ping, SrtpPolicy, Strangers,
    TlsFiles, Transport, check_uri,
};

use super::calls::networks;
use super::keys::{PeerKeys, RegistrationKeys};
use super::settings::RegistrationSettings;
use super::values::{readable, secret, span};
use super::{Config, Mistake};

/// The peers of `[[sip.peer]]`, and as the last one the networks of `sip.peers`.
pub(super) fn peers(config: &Config, listen: &[Hop], found: &mut Vec<Mistake>) -> Vec<Peer> {
    let keys = &config.sip;
    let mut peers: Vec<Peer> = keys
        .peer
        .iter()
        .enumerate()
        .map(|(index, keys)| peer(config, keys, index, found))
        .collect();
    for (index, peer) in peers.iter().enumerate() {
        let at = |key: &str| format!("sip.peer.{index}.{key}");
        if peers.iter().take(index).any(|other| other.name == peer.name) {
            found.push(Mistake::new(
                at("name"),
                format!("\"{}\" is the name of another peer already", peer.name),
            ));
        }
        if peer.certificate_names.is_empty() {
            continue;
        }
        if !listen.iter().any(|hop| hop.transport == Transport::Tls) {
            found.push(Mistake::new(
                at("certificate_names"),
                "a certificate is shown over TLS only; add \"tls:…\" to sip.listen",
            ));
        } else if keys.tls.client_certificate == "none" {
            found.push(Mistake::new(
                at("certificate_names"),
                "with sip.tls.client_certificate = \"none\" nobody is asked for a certificate; \
                 use \"optional\" or \"required\"",
            ));
        }
    }
    if peers.is_empty() || !keys.peers.is_empty() {
        let mut others = Peer::trusted("sip.peers", networks("sip.peers", &keys.peers, found));
        others.nat = config.media.nat;
        peers.push(others);
    }
    peers
}

/// Who shows no certificate is passed over and may still be another peer.
pub(super) fn warn_of_ways_around(peers: &[Peer], warnings: &mut Vec<String>) {
    for (index, peer) in peers.iter().enumerate() {
        let overlaps = |other: &&Peer| {
            let mut networks = other.networks.iter();
            networks.any(|one| peer.networks.iter().any(|network| network.overlaps(one)))
        };
        let open = |other: &&Peer| other.certificate_names.is_empty() && other.digest.is_none();
        let mut behind = peers.iter().skip(index + 1).filter(open);
        if !peer.certificate_names.is_empty()
            && let Some(other) = behind.find(overlaps)
        {
            warnings.push(format!(
                "peer \"{}\" has to show a certificate, but without one the same addresses \
                 may call as \"{}\"",
                peer.name, other.name
            ));
        }
    }
}

fn peer(config: &Config, keys: &PeerKeys, index: usize, found: &mut Vec<Mistake>) -> Peer {
    let at = |key: &str| format!("sip.peer.{index}.{key}");
    if keys.name.trim().is_empty() {
        found.push(Mistake::new(
            at("name"),
            "what shall the log call this peer? write name = \"pbx\"",
        ));
    }
    let password = secret(&at("password_file"), keys.password_file.as_deref(), found);
    together(&at(""), keys.user.as_deref(), keys.password_file.as_deref(), found);
    let srtp = match keys.srtp.as_str() {
        "off" => SrtpPolicy::Off,
        "optional" => SrtpPolicy::Optional,
        "required" => SrtpPolicy::Required,
        other => {
            found.push(none_of(&at("srtp"), other, "\"off\", \"optional\", \"required\""));
            SrtpPolicy::Optional
        }
    };
    let every = span(&at("ping_seconds"), keys.ping_seconds, found);
    let ping = keys.ping_uri.as_ref().map(|uri| {
        is_sip_uri(&at("ping_uri"), uri, found);
        if every.is_zero() {
            found.push(Mistake::new(at("ping_seconds"), "must be more than 0 seconds"));
        }
        Ping { uri: uri.clone(), every }
    });
    Peer {
        name: keys.name.trim().to_owned(),
        networks: networks(&at("networks"), &keys.networks, found),
        certificate_names: keys.certificate_names.clone(),
        digest: credentials(keys.user.as_deref(), password),
        digest_hashes: hashes(&at("digest"), &keys.digest, found),
        believed: believed(&at("believe"), &keys.believe, found),
        reports: keys.reports,
        nat: keys.nat || config.media.nat,
        srtp,
        calls: keys.calls,
        ping,
    }
}

/// Which hashes are asked for, by their names.
fn hashes(key: &str, words: &[String], found: &mut Vec<Mistake>) -> DigestHashes {
    let mut hashes = DigestHashes { sha_256: false, md5: false };
    for word in words {
        match word.as_str() {
            "sha-256" => hashes.sha_256 = true,
            "md5" => hashes.md5 = true,
            other => found.push(none_of(key, other, "\"sha-256\", \"md5\"")),
        }
    }
    if words.is_empty() {
        found.push(Mistake::new(key, "name one or both of \"sha-256\", \"md5\""));
    }
    hashes
}

/// Which headers are believed, by their names.
fn believed(key: &str, words: &[String], found: &mut Vec<Mistake>) -> Believed {
    let mut believed = Believed::NONE;
    for word in words {
        match word.as_str() {
            "asserted-identity" => believed.asserted_identity = true,
            "remote-party-id" => believed.remote_party_id = true,
            "diversion" => believed.diversion = true,
            "history-info" => believed.history_info = true,
            other => found.push(none_of(
                key,
                other,
                "\"asserted-identity\", \"remote-party-id\", \"diversion\", \"history-info\"",
            )),
        }
    }
    believed
}

/// The certificates, where they are named.
pub(super) fn tls(config: &Config, listen: &[Hop], found: &mut Vec<Mistake>) -> TlsFiles {
    let keys = &config.sip.tls;
    let client_certificate = match keys.client_certificate.as_str() {
        "none" => ClientCertificate::None,
        "optional" => ClientCertificate::Optional,
        "required" => ClientCertificate::Required,
        other => {
            found.push(none_of(
                "sip.tls.client_certificate",
                other,
                "\"none\", \"optional\", \"required\"",
            ));
            ClientCertificate::Required
        }
    };
    readable("sip.tls.certificate", keys.certificate.as_deref(), found);
    readable("sip.tls.key", keys.key.as_deref(), found);
    readable("sip.tls.ca", keys.ca.as_deref(), found);
    if keys.certificate.is_some() != keys.key.is_some() {
        found.push(Mistake::new(
            if keys.key.is_some() { "sip.tls.key" } else { "sip.tls.certificate" },
            "sip.tls.certificate and sip.tls.key belong together; set both or neither",
        ));
    } else if keys.certificate.is_none() && listen.iter().any(|hop| hop.transport == Transport::Tls)
    {
        found.push(Mistake::new(
            "sip.listen",
            "a \"tls:\" address needs a certificate; set sip.tls.certificate and sip.tls.key",
        ));
    }
    TlsFiles {
        certificate: keys.certificate.clone(),
        key: keys.key.clone(),
        ca: keys.ca.clone(),
        client_certificate,
    }
}

/// What those hear who are no peers.
pub(super) fn strangers(config: &Config, found: &mut Vec<Mistake>) -> Strangers {
    match config.sip.strangers.as_str() {
        "refuse" => Strangers::Refused,
        "ignore" => Strangers::Ignored,
        other => {
            found.push(none_of("sip.strangers", other, "\"refuse\", \"ignore\""));
            Strangers::Refused
        }
    }
}

/// Where Ringpost is an endpoint of a phone system.
pub(super) fn registrations(
    config: &Config,
    found: &mut Vec<Mistake>,
) -> Vec<RegistrationSettings> {
    let tables = config.sip.registration.iter().enumerate();
    tables.map(|(index, keys)| registration(keys, index, found)).collect()
}

fn registration(
    keys: &RegistrationKeys,
    index: usize,
    found: &mut Vec<Mistake>,
) -> RegistrationSettings {
    let at = |key: &str| format!("sip.registration.{index}.{key}");
    is_sip_uri(&at("registrar"), &keys.registrar, found);
    if keys.registrar.contains('@') {
        found.push(Mistake::new(
            at("registrar"),
            "a registrar is a server and has no user (RFC 3261, 10.2); leave out what stands before the @",
        ));
    }
    is_sip_uri(&at("address_of_record"), &keys.address_of_record, found);
    if !keys.address_of_record.is_empty() {
        has_user(&at("address_of_record"), &keys.address_of_record, found);
    }
    let password = secret(&at("password_file"), keys.password_file.as_deref(), found);
    together(&at(""), keys.user.as_deref(), keys.password_file.as_deref(), found);
    let expires = span(&at("expires_seconds"), keys.expires_seconds, found);
    if expires.as_secs() < 60 {
        found.push(Mistake::new(
            at("expires_seconds"),
            "60 seconds or more are wanted; registrars refuse less",
        ));
    }
    RegistrationSettings {
        registrar: keys.registrar.clone(),
        address_of_record: keys.address_of_record.clone(),
        credentials: credentials(keys.user.as_deref(), password),
        expires,
    }
}

fn credentials(user: Option<&str>, password: Option<String>) -> Option<Credentials> {
    user.zip(password).map(|(user, password)| Credentials { user: user.to_owned(), password })
}

/// A user without a password, or the other way round. `table` ends with a dot.
fn together(table: &str, user: Option<&str>, file: Option<&Path>, found: &mut Vec<Mistake>) {
    if user.is_some() != file.is_some() {
        let key = if user.is_some() { "user" } else { "password_file" };
        found.push(Mistake::new(
            format!("{table}{key}"),
            "user and password_file belong together; set both or neither",
        ));
    }
}

fn is_sip_uri(key: &str, text: &str, found: &mut Vec<Mistake>) {
    let rest = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.contains(char::is_whitespace)) {
        found.push(Mistake::new(
            key,
            format!("\"{text}\" is no SIP URI; write it as \"sip:pbx.example.com\""),
        ));
    } else if let Err(error) = check_uri(text) {
        found.push(Mistake::new(key, error.to_string()));
    }
}

/// Calls come to the user of the address.
fn has_user(key: &str, text: &str, found: &mut Vec<Mistake>) {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
    let user = rest.split_once('@').map_or("", |(user, _)| user);
    if user.is_empty() || user.contains(':') {
        found.push(Mistake::new(
            key,
            "calls come to a user, without a password; write it as \"sip:voicemail@pbx.example.com\"",
        ));
    }
}

fn none_of(key: &str, said: &str, words: &str) -> Mistake {
    Mistake::new(key, format!("\"{said}\" is none of {words}"))
}
