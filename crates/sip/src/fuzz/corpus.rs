//! What is mutated: whole messages, and the pieces of them that have a reader of
//! their own.

use std::path::Path;

use crate::wire::{Headers, Message, read_datagram};

/// Every file, whole.
pub(super) fn messages() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("messages");
    let mut all = Vec::new();
    for folder in ["torture", "ipv6", "vendors"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "sip") {
                all.push(path);
            }
        }
    }
    // The order of a folder is nothing to rely on.
    all.sort();
    assert!(all.len() > 80, "{} messages only", all.len());
    all.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Request-URI, headers and body of those that can be read.
fn read() -> Vec<(String, Headers, Vec<u8>)> {
    let read = messages().into_iter().filter_map(|bytes| match read_datagram(&bytes) {
        Ok(Some(Message::Request(request))) => {
            Some((request.uri.to_string(), request.headers, request.body))
        }
        Ok(Some(Message::Response(response))) => {
            Some((String::new(), response.headers, response.body))
        }
        _ => None,
    });
    read.collect()
}

const ADDRESSES: [&str; 9] = [
    "From",
    "To",
    "Contact",
    "Route",
    "Record-Route",
    "P-Asserted-Identity",
    "Remote-Party-ID",
    "Diversion",
    "History-Info",
];

/// Values of headers that hold an address.
pub(super) fn addresses() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (_, headers, _) in read() {
        for name in ADDRESSES {
            all.extend(headers.all(name).map(|value| value.as_bytes().to_vec()));
        }
    }
    all.sort();
    all.dedup();
    all
}

/// URIs: of requests, and those within the addresses.
pub(super) fn uris() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = read().into_iter().map(|(uri, ..)| uri.into_bytes()).collect();
    for value in addresses() {
        let value = String::from_utf8(value).unwrap();
        if let Some((_, rest)) = value.rsplit_once('<') {
            all.push(rest.split('>').next().unwrap_or_default().as_bytes().to_vec());
        }
    }
    all.retain(|uri| !uri.is_empty());
    all.sort();
    all.dedup();
    all
}

/// Session descriptions.
pub(super) fn sessions() -> Vec<Vec<u8>> {
    let bodies = read().into_iter().map(|(.., body)| body);
    bodies.filter(|body| body.starts_with(b"v=0")).collect()
}
