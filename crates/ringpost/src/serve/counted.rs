//! What SIP and the sound count by themselves, brought into the metrics when
//! somebody asks for them.

use super::node::Node;

/// Sets every counter and gauge to the reading of now.
pub fn read(node: &Node) {
    node.turned_away.count(node);
    let sip = node.endpoint.statistics();
    for (method, count) in [
        ("INVITE", sip.requests.invite),
        ("ACK", sip.requests.ack),
        ("CANCEL", sip.requests.cancel),
        ("BYE", sip.requests.bye),
        ("OPTIONS", sip.requests.options),
        ("INFO", sip.requests.info),
        ("other", sip.requests.other),
    ] {
        metrics::counter!("ringpost_sip_requests_total", "method" => method).absolute(count);
    }
    for (class, count) in [
        ("1xx", sip.responses.provisional),
        ("2xx", sip.responses.success),
        ("3xx", sip.responses.redirection),
        ("4xx", sip.responses.client_error),
        ("5xx", sip.responses.server_error),
        ("6xx", sip.responses.global_failure),
    ] {
        metrics::counter!("ringpost_sip_responses_total", "class" => class).absolute(count);
    }
    metrics::counter!("ringpost_sip_malformed_total").absolute(sip.malformed);
    metrics::counter!("ringpost_sip_strangers_total").absolute(sip.strangers);
    metrics::counter!("ringpost_sip_challenges_total").absolute(sip.challenges);
    metrics::counter!("ringpost_sip_digest_failures_total").absolute(sip.digest_failures);
    metrics::counter!("ringpost_sip_retransmissions_total", "direction" => "in")
        .absolute(sip.retransmissions_received);
    metrics::counter!("ringpost_sip_retransmissions_total", "direction" => "out")
        .absolute(sip.retransmissions_sent);
    metrics::gauge!("ringpost_sip_connections").set(sip.connections as f64);
    metrics::counter!("ringpost_sip_connections_total", "what" => "accepted")
        .absolute(sip.connections_accepted);
    metrics::counter!("ringpost_sip_connections_total", "what" => "refused")
        .absolute(sip.connections_refused);
    metrics::counter!("ringpost_sip_tls_handshakes_failed_total")
        .absolute(sip.tls_handshakes_failed);
    peers(node);
    let media = node.engine.statistics();
    metrics::gauge!("ringpost_recordings_live").set(media.recordings as f64);
    metrics::counter!("ringpost_rtp_packets_total", "direction" => "in").absolute(media.received);
    metrics::counter!("ringpost_rtp_packets_total", "direction" => "out").absolute(media.sent);
    metrics::counter!("ringpost_rtp_refused_total").absolute(media.refused);
    metrics::counter!("ringpost_rtp_unauthentic_total").absolute(media.unauthentic);
    metrics::counter!("ringpost_rtp_late_total").absolute(media.late);
    metrics::counter!("ringpost_media_missed_ticks_total").absolute(media.missed_ticks);
    metrics::counter!("ringpost_media_unwritten_samples_total").absolute(media.unwritten);
}

/// Each peer under the name of the configuration. Who is not asked by OPTIONS,
/// or has not answered yet, has no `up`.
fn peers(node: &Node) {
    for peer in node.endpoint.peers() {
        let name = peer.name.to_string();
        metrics::gauge!("ringpost_sip_peer_calls", "peer" => name.clone())
            .set(peer.live_calls as f64);
        metrics::counter!("ringpost_sip_peer_requests_total", "peer" => name.clone())
            .absolute(peer.requests);
        if let Some(reachable) = peer.reachable {
            metrics::gauge!("ringpost_sip_peer_up", "peer" => name.clone())
                .set(f64::from(u8::from(reachable)));
        }
        if let Some(round_trip) = peer.round_trip {
            metrics::gauge!("ringpost_sip_peer_round_trip_seconds", "peer" => name)
                .set(round_trip.as_secs_f64());
        }
    }
}
