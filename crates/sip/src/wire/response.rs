//! Responses made from their requests.

use std::net::SocketAddr;

use super::{Headers, Method, Request, Response, phrase};

/// As many headers as most responses have.
const HEADERS: usize = 12;

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
    let mut headers = Headers::with_room(HEADERS);
    let mut vias = request.headers.all("Via");
    if let Ok(top) = request.via() {
        vias.next();
        headers.push("Via", top.completed(received_from));
    }
    for via in vias {
        headers.push("Via", via);
    }
    if request.method == Method::INVITE && (101..300).contains(&status) {
        headers.copy(&request.headers, "Record-Route");
    }
    headers.copy_first(&request.headers, "From");
    if let Some(to) = request.headers.get("To") {
        let tagged = request.tag_in_to().is_some();
        match to_tag.filter(|_| !tagged) {
            Some(tag) => headers.push("To", format!("{to};tag={tag}")),
            None => headers.copy_first(&request.headers, "To"),
        }
    }
    headers.copy_first(&request.headers, "Call-ID");
    headers.copy_first(&request.headers, "CSeq");
    if status == 100 {
        headers.copy_first(&request.headers, "Timestamp");
    }
    let reason = reason.unwrap_or(phrase(status)).to_owned();
    Response { status, reason, headers, body: Vec::new() }
}
