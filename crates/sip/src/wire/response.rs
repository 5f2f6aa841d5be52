//! Responses made from their requests.

use std::net::SocketAddr;

use super::{Headers, Method, Request, Response, phrase};

/// The response that RFC 3261 §8.2.6 describes: every Via, From, To, Call-ID
/// and CSeq of the request, the topmost Via completed with the source of the
/// datagram. `to_tag` is added where the request's To has none yet. A 100
/// carries back the Timestamp, and what makes a dialog (101 to 299 to an
/// INVITE) the Record-Route (RFC 3261 §12.1.1). `reason`: `None` takes the
/// phrase of the status code.
pub(crate) fn response_to(
    request: &Request,
    status: u16,
    reason: Option<&str>,
    to_tag: Option<&str>,
    received_from: SocketAddr,
) -> Response {
    let mut headers = Headers::default();
    let mut vias = request.headers.all("Via");
    if let Ok(mut top) = request.via() {
        vias.next();
        top.note_source(received_from);
        headers.push("Via", top.to_string());
    }
    for via in vias {
        headers.push("Via", via);
    }
    if request.method == Method::INVITE && (101..300).contains(&status) {
        for route in request.headers.all("Record-Route") {
            headers.push("Record-Route", route);
        }
    }
    if let Some(from) = request.headers.get("From") {
        headers.push("From", from);
    }
    if let Some(to) = request.headers.get("To") {
        let tagged = request.to().is_ok_and(|to| to.tag().is_some());
        match to_tag.filter(|_| !tagged) {
            Some(tag) => headers.push("To", format!("{to};tag={tag}")),
            None => headers.push("To", to),
        }
    }
    for name in ["Call-ID", "CSeq"] {
        if let Some(value) = request.headers.get(name) {
            headers.push(name, value);
        }
    }
    if status == 100
        && let Some(timestamp) = request.headers.get("Timestamp")
    {
        headers.push("Timestamp", timestamp);
    }
    let reason = reason.unwrap_or(phrase(status)).to_owned();
    Response { status, reason, headers, body: Vec::new() }
}
