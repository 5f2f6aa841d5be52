//! Where requests of our own lead: to registrars, and to peers that are asked by
//! OPTIONS.

use ringpost_sip::{Peer, locate};

use super::Findings;
use crate::config::Settings;

/// Finds the way to each of them, as the server will (RFC 3263). Nothing is sent.
pub(super) async fn ways(settings: &Settings, findings: &mut Findings) {
    for (index, registration) in settings.registrations.iter().enumerate() {
        let what = format!("sip.registration.{index}");
        let registrar = &registration.registrar;
        match locate(registrar).await {
            Ok(hops) => {
                let listed: Vec<String> = hops.iter().map(ToString::to_string).collect();
                findings.good(&what, format!("{registrar} leads to {}", listed.join(", ")));
                let stranger = hops.iter().find(|hop| !is_peer(&settings.peers, hop.addr.ip()));
                if let Some(hop) = stranger {
                    findings.warning(
                        &what,
                        format!(
                            "no peer has the address {}: calls that come from there are refused; \
                             name it in sip.peers or in a [[sip.peer]]",
                            hop.addr.ip()
                        ),
                    );
                }
            }
            Err(error) => findings.problem(&what, error),
        }
    }
    for peer in &settings.peers {
        let Some(ping) = &peer.ping else { continue };
        let what = format!("sip.peer \"{}\"", peer.name);
        match locate(&ping.uri).await {
            Ok(hops) => {
                let listed: Vec<String> = hops.iter().map(ToString::to_string).collect();
                findings.good(&what, format!("{} leads to {}", ping.uri, listed.join(", ")));
            }
            Err(error) => findings.problem(&what, error),
        }
    }
}

fn is_peer(peers: &[Peer], address: std::net::IpAddr) -> bool {
    peers.iter().any(|peer| peer.networks.iter().any(|network| network.contains(address)))
}
