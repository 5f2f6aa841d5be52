//! Header names: the long form of each, and the place rsip has for it.

use rsip::Header;
use rsip::headers::UntypedHeader;

/// Long name of a compact one (RFC 3261 §7.3.3 and the IANA registry); any
/// other name as it is.
pub(crate) fn long(name: &str) -> &str {
    let &[letter] = name.as_bytes() else { return name };
    match letter.to_ascii_lowercase() {
        b'a' => "Accept-Contact",
        b'b' => "Referred-By",
        b'c' => "Content-Type",
        b'd' => "Request-Disposition",
        b'e' => "Content-Encoding",
        b'f' => "From",
        b'i' => "Call-ID",
        b'j' => "Reject-Contact",
        b'k' => "Supported",
        b'l' => "Content-Length",
        b'm' => "Contact",
        b'n' => "Identity-Info",
        b'o' => "Event",
        b'r' => "Refer-To",
        b's' => "Subject",
        b't' => "To",
        b'u' => "Allow-Events",
        b'v' => "Via",
        b'x' => "Session-Expires",
        b'y' => "Identity",
        _ => name,
    }
}

/// Headers whose comma-joined values mean the same as a header line for each
/// value (RFC 3261 §7.3.1), and which are read value by value here.
pub(super) fn is_list(name: &str) -> bool {
    const LISTS: [&str; 9] = [
        "Via",
        "Route",
        "Record-Route",
        "Contact",
        "Diversion",
        "History-Info",
        "P-Asserted-Identity",
        "Remote-Party-ID",
        "Reason",
    ];
    LISTS.iter().any(|list| is(name, list))
}

/// Is this name written as that one, in whatever letters? The lengths tell most of
/// them apart.
#[inline]
pub(super) fn is(name: &str, other: &str) -> bool {
    name.len() == other.len() && name.eq_ignore_ascii_case(other)
}

macro_rules! table {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The header as rsip holds it.
        pub(super) fn header(name: &str, value: String) -> Header {
            $(
                if is(name, $name) {
                    return Header::$variant(rsip::headers::$variant::new(value));
                }
            )*
            Header::Other(name.to_owned(), value)
        }

        /// Its long name.
        pub(super) fn name(header: &Header) -> &str {
            match header {
                $( Header::$variant(_) => $name, )*
                Header::Other(name, _) => name,
            }
        }

        /// Its value.
        pub(super) fn value(header: &Header) -> &str {
            match header {
                $( Header::$variant(inner) => inner.value(), )*
                Header::Other(_, value) => value,
            }
        }
    };
}

// Those that every message has stand first: the search runs from the top.
table! {
    Via = "Via",
    From = "From",
    To = "To",
    CallId = "Call-ID",
    CSeq = "CSeq",
    Contact = "Contact",
    MaxForwards = "Max-Forwards",
    Route = "Route",
    RecordRoute = "Record-Route",
    UserAgent = "User-Agent",
    Server = "Server",
    Allow = "Allow",
    Supported = "Supported",
    Require = "Require",
    ContentType = "Content-Type",
    ContentLength = "Content-Length",
    Accept = "Accept",
    AcceptEncoding = "Accept-Encoding",
    AcceptLanguage = "Accept-Language",
    AlertInfo = "Alert-Info",
    AuthenticationInfo = "Authentication-Info",
    Authorization = "Authorization",
    CallInfo = "Call-Info",
    ContentDisposition = "Content-Disposition",
    ContentEncoding = "Content-Encoding",
    ContentLanguage = "Content-Language",
    Date = "Date",
    ErrorInfo = "Error-Info",
    Event = "Event",
    Expires = "Expires",
    InReplyTo = "In-Reply-To",
    MimeVersion = "MIME-Version",
    MinExpires = "Min-Expires",
    Organization = "Organization",
    Priority = "Priority",
    ProxyAuthenticate = "Proxy-Authenticate",
    ProxyAuthorization = "Proxy-Authorization",
    ProxyRequire = "Proxy-Require",
    ReplyTo = "Reply-To",
    RetryAfter = "Retry-After",
    Subject = "Subject",
    SubscriptionState = "Subscription-State",
    Timestamp = "Timestamp",
    Unsupported = "Unsupported",
    Warning = "Warning",
    WwwAuthenticate = "WWW-Authenticate",
}
