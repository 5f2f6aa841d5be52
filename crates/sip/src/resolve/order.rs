//! In which order records are tried.

use rand::Rng;

use super::{Naptr, Srv};
use crate::Transport;

/// The services that fit, best first: by order, then by preference (RFC 3403
/// §4.1). Only records that lead to SRV (flag `s`) mean anything to SIP.
pub(super) fn services(mut records: Vec<Naptr>, secure: bool) -> Vec<(Transport, String)> {
    records.sort_by_key(|record| (record.order, record.preference));
    let fitting = records.into_iter().filter(|record| record.flags.eq_ignore_ascii_case("s"));
    fitting
        .filter_map(|record| {
            let transport = match record.service.to_ascii_uppercase().as_str() {
                "SIPS+D2T" => Transport::Tls,
                "SIP+D2U" if !secure => Transport::Udp,
                "SIP+D2T" if !secure => Transport::Tcp,
                _ => return None,
            };
            Some((transport, record.replacement))
        })
        .collect()
}

/// By priority; within one priority by chance, the more often in front the
/// greater the weight (RFC 2782). A target of `.` says that there is no such
/// service and is left out.
pub(super) fn servers(mut records: Vec<Srv>, random: &mut impl Rng) -> Vec<Srv> {
    records.retain(|record| !record.target.is_empty() && record.target != ".");
    // Those without weight come first, so that they have a small chance, too.
    records.sort_by_key(|record| (record.priority, record.weight != 0));
    let mut ordered = Vec::with_capacity(records.len());
    while let Some(priority) = records.first().map(|record| record.priority) {
        let rivals = || records.iter().filter(|record| record.priority == priority);
        let total: u32 = rivals().map(|record| u32::from(record.weight)).sum();
        let drawn = random.random_range(0..=total);
        let mut sum = 0;
        let chosen = rivals()
            .position(|record| {
                sum += u32::from(record.weight);
                sum >= drawn
            })
            .unwrap_or(0);
        ordered.push(records.remove(chosen));
    }
    ordered
}
