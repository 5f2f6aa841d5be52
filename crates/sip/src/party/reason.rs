//! The Reason header (RFC 3326).

use crate::wire::{Params, Request};

/// Whether a CANCEL or BYE says that somebody else took the call:
/// `SIP;cause=200` (RFC 3326 §3.1) or `Q.850;cause=26`, non-selected user
/// clearing.
pub(crate) fn answered_elsewhere(request: &Request) -> bool {
    request.headers.all("Reason").any(|value| {
        let (protocol, params) = value.split_once(';').unwrap_or((value, ""));
        let cause = Params::read(params).get("cause").and_then(|cause| cause.parse::<u16>().ok());
        match protocol.trim() {
            sip if sip.eq_ignore_ascii_case("SIP") => cause == Some(200),
            q850 if q850.eq_ignore_ascii_case("Q.850") => cause == Some(26),
            _ => false,
        }
    })
}
