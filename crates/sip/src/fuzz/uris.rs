//! URIs and addresses.

use super::{corpus, fuzz};
use crate::wire::{NameAddr, Uri};

#[test]
fn uris() {
    fuzz("URIs", &corpus::uris(), |input, _| {
        let text = String::from_utf8_lossy(input);
        let Ok(uri) = Uri::read(&text) else { return };
        assert_eq!(uri.as_str(), text.trim());
        assert_eq!(Uri::read(uri.as_str()).as_ref(), Ok(&uri));
        for part in [uri.host(), uri.scheme()] {
            assert!(part.len() <= text.len());
        }
        // The address alone names the same user at the same host, where that is one.
        let is_host = |c: char| c.is_alphanumeric() || ".-_:".contains(c);
        if uri.host().chars().all(is_host)
            && let Ok(address) = Uri::read(&uri.address())
        {
            assert_eq!(address.address(), uri.address());
            assert_eq!((address.user(), address.host()), (uri.user(), uri.host()));
        }
        let _ = (uri.param("target"), uri.header("Reason"), uri.port());
    });
}

#[test]
fn addresses() {
    fuzz("addresses", &corpus::addresses(), |input, _| {
        let text = String::from_utf8_lossy(input);
        let Ok(address) = NameAddr::read(&text) else { return };
        let display = address.display().unwrap_or_default();
        assert!(!display.contains(char::is_control) && display.len() <= text.len());
        let quoted = display.replace('\\', "\\\\").replace('"', "\\\"");
        let written = format!("\"{quoted}\" <{}>{}", address.uri, address.params);
        let again = NameAddr::read(&written).unwrap();
        assert_eq!(again.display().unwrap_or_default(), display, "{written}");
        assert_eq!((again.uri, again.params), (address.uri, address.params), "{written}");
    });
}
