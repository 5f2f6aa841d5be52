//! Numbers and names made unreadable, with enough left to tell one from
//! another: of a number its country and its last two digits, of a user part
//! its first letter. Subscribers are named as the configuration names them.

use ringpost_lookup::Subscribers;

/// What stands in place of a name.
const HIDDEN: &str = "***";
/// A run of digits from here on may be a telephone number.
const NUMBER: usize = 7;

/// Header fields with addresses in them.
const ADDRESSES: [&str; 17] = [
    "From",
    "To",
    "Contact",
    "Route",
    "Record-Route",
    "Path",
    "P-Asserted-Identity",
    "P-Preferred-Identity",
    "P-Called-Party-ID",
    "Remote-Party-ID",
    "Diversion",
    "History-Info",
    "Referred-By",
    "Refer-To",
    "Reply-To",
    "Message-Account",
    "Service-Route",
];

/// Header fields without people in them; every other one is hidden.
const OPEN: [&str; 49] = [
    "Via",
    "Call-ID",
    "CSeq",
    "Max-Forwards",
    "Content-Type",
    "Content-Length",
    "Content-Disposition",
    "Content-Encoding",
    "MIME-Version",
    "Allow",
    "Allow-Events",
    "Supported",
    "Require",
    "Proxy-Require",
    "Unsupported",
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Server",
    "User-Agent",
    "Expires",
    "Min-Expires",
    "Session-Expires",
    "Min-SE",
    "RSeq",
    "RAck",
    "Event",
    "Subscription-State",
    "Reason",
    "Retry-After",
    "Warning",
    "Date",
    "Timestamp",
    "Privacy",
    "Priority",
    "Session-ID",
    "Ms-Conversation-ID",
    "WWW-Authenticate",
    "Proxy-Authenticate",
    "Authorization",
    "Proxy-Authorization",
    "Answer-Mode",
    "Request-Disposition",
    "P-Early-Media",
    "Messages-Waiting",
    "Voice-Message",
    "In-Reply-To",
    "SIP-ETag",
    "SIP-If-Match",
];

/// Compact names (RFC 3261 §7.3.3) of the fields above.
const COMPACT: [(&str, &str); 15] = [
    ("v", "Via"),
    ("i", "Call-ID"),
    ("f", "From"),
    ("t", "To"),
    ("m", "Contact"),
    ("b", "Referred-By"),
    ("r", "Refer-To"),
    ("c", "Content-Type"),
    ("l", "Content-Length"),
    ("e", "Content-Encoding"),
    ("k", "Supported"),
    ("o", "Event"),
    ("u", "Allow-Events"),
    ("x", "Session-Expires"),
    ("d", "Request-Disposition"),
];

/// Masks for people who need not know who rang whom.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a> {
    subscribers: &'a Subscribers,
}

impl<'a> Mask<'a> {
    /// User parts of these subscribers stay as they are.
    pub fn new(subscribers: &'a Subscribers) -> Mask<'a> {
        Mask { subscribers }
    }

    /// In place of a name.
    pub fn name(&self) -> String {
        HIDDEN.to_owned()
    }

    /// A number, a user part, a mail address or a URI.
    pub fn address(&self, text: &str) -> String {
        match text.rsplit_once('@') {
            _ if has_scheme(text) => self.words(text),
            Some((user, host)) => format!("{}@{host}", self.user(user)),
            None => self.user(text),
        }
    }

    /// Request line or status line.
    pub fn first_line(&self, line: &str) -> String {
        self.words(line)
    }

    /// The value of a header field of that name.
    pub fn header(&self, name: &str, value: &str) -> String {
        let compact = COMPACT.iter().find(|(short, _)| short.eq_ignore_ascii_case(name));
        let name = compact.map_or(name, |(_, long)| long);
        let is_one_of = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(name));
        if is_one_of(&OPEN) {
            value.to_owned()
        } else if is_one_of(&ADDRESSES) {
            self.words(&without_names(value))
        } else {
            HIDDEN.to_owned()
        }
    }

    /// A whole message, one header field in each line.
    pub fn message(&self, raw: &str) -> String {
        let (head, body) = raw.split_once("\n\n").unwrap_or((raw, ""));
        let mut kind = String::new();
        let mut lines: Vec<String> = Vec::new();
        for (number, line) in head.lines().enumerate() {
            lines.push(match line.split_once(':') {
                _ if number == 0 => self.first_line(line),
                Some((name, value)) => {
                    if ["content-type", "c"].contains(&name.trim().to_ascii_lowercase().as_str()) {
                        kind = value.trim().to_ascii_lowercase();
                    }
                    format!("{name}: {}", self.header(name.trim(), value.trim()))
                }
                None => HIDDEN.to_owned(),
            });
        }
        if !body.is_empty() {
            lines.push(String::new());
            lines.push(self.body(&kind, body));
        }
        lines.join("\n")
    }

    /// SDP and message summaries line by line; any other body may name people
    /// anywhere.
    fn body(&self, kind: &str, body: &str) -> String {
        let line = |line: &str| match line.split_once('=') {
            Some(("o", value)) => match value.split_once(' ') {
                Some((_, rest)) => format!("o=- {rest}"),
                None => "o=".to_owned(),
            },
            Some((kind @ ("v" | "c" | "t" | "m" | "a" | "b"), value)) => format!("{kind}={value}"),
            Some((kind, _)) if kind.len() == 1 => format!("{kind}={HIDDEN}"),
            _ => HIDDEN.to_owned(),
        };
        let field = |line: &str| match line.split_once(':') {
            Some((name, value)) => format!("{name}: {}", self.header(name.trim(), value.trim())),
            None => HIDDEN.to_owned(),
        };
        if kind.starts_with("application/sdp") {
            body.lines().map(line).collect::<Vec<_>>().join("\n")
        } else if kind.starts_with("application/simple-message-summary") {
            body.lines().map(field).collect::<Vec<_>>().join("\n")
        } else {
            format!("({} characters, shown where numbers are asked for)", body.chars().count())
        }
    }

    /// Every URI in a line.
    fn words(&self, line: &str) -> String {
        let between = |c: char| c.is_whitespace() || "<>\",".contains(c);
        line.split_inclusive(between)
            .map(|word| if has_scheme(word) { self.uri(word) } else { word.to_owned() })
            .collect()
    }

    /// One URI, with what stands in front of it and behind: the user part, and
    /// whatever in its parameters looks like a number or a user.
    fn uri(&self, word: &str) -> String {
        let lower = word.to_ascii_lowercase();
        let schemes = ["sips:", "sip:", "tel:"].into_iter();
        let start = schemes.filter_map(|scheme| Some(lower.find(scheme)? + scheme.len())).min();
        let Some((scheme, rest)) = start.and_then(|start| word.split_at_checked(start)) else {
            return HIDDEN.to_owned();
        };
        let is_tel = scheme.to_ascii_lowercase().ends_with("tel:");
        let (user, host) = match rest.split_once('@') {
            Some((user, host)) => (user, format!("@{}", digits(&encoded_users(self, host)))),
            None if is_tel => (rest, String::new()),
            None => return format!("{scheme}{}", digits(&encoded_users(self, rest))),
        };
        let (user, parameters) = match user.find([';', ':']) {
            Some(at) => user.split_at(at),
            None => (user, ""),
        };
        // What ends the word is no part of a number.
        let end = user.trim_end_matches(['>', '"', ',', ' ']);
        let tail = user.get(end.len()..).unwrap_or("");
        format!("{scheme}{}{tail}{}{host}", self.user(end), digits(parameters))
    }

    /// The user part of a URI, a number or an extension.
    fn user(&self, user: &str) -> String {
        let is_number = user.contains(|c: char| c.is_ascii_digit())
            && user.chars().all(|c| c.is_ascii_digit() || "+-.() *#".contains(c));
        if is_number {
            return number(user);
        }
        if user.is_empty() || self.subscribers.by_user(user).is_some() {
            return user.to_owned();
        }
        user.chars().take(1).chain(HIDDEN.chars()).collect()
    }
}

fn has_scheme(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["sip:", "sips:", "tel:"].into_iter().any(|scheme| lower.contains(scheme))
}

/// The country and the last two digits; of a short one the last two.
fn number(text: &str) -> String {
    let all: Vec<char> = text.chars().filter(|c| c.is_ascii_digit()).collect();
    let country = match (text.starts_with('+'), all.first()) {
        (false, _) | (true, None) => 0,
        // One digit in North America and in Russia, two in most other places.
        (true, Some('1' | '7')) => 1,
        (true, Some(_)) => 2,
    };
    let shown = |at: usize| at < country || (at + 2 >= all.len() && all.len() > 2);
    let digits = all.iter().enumerate().map(|(at, digit)| if shown(at) { *digit } else { '*' });
    text.chars().take_while(|c| *c == '+').take(1).chain(digits).collect()
}

/// Long runs of digits, wherever they stand.
fn digits(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out.push_str(before);
        let international = out.ends_with('+') && out.pop().is_some();
        let run = if international { format!("+{run}") } else { run.to_owned() };
        out.push_str(&if run.len() >= NUMBER { number(&run) } else { run });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `user%40host`: a URI inside of a URI, such as the target of RFC 4458.
fn encoded_users(mask: &Mask<'_>, text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("%40") {
        let lower = before.to_ascii_lowercase();
        let plain = lower.rfind(['=', ':', ';', '?', '&']).map(|at| at + 1);
        let start = plain.max(lower.rfind("%3a").map(|at| at + 3)).unwrap_or(0);
        let (kept, user) = before.split_at_checked(start).unwrap_or(("", before));
        out.push_str(kept);
        out.push_str(&mask.user(&user.replace("%2B", "+").replace("%2b", "+")));
        out.push_str("%40");
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Display names: quoted strings, and words in front of `<`.
fn without_names(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let (mut quoted, mut escaped, mut angled) = (false, false, false);
    // Where the last address or parameter ended in `out`.
    let mut begin = 0;
    for character in value.chars() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if quoted => {
                quoted = false;
                out.push_str("***\"");
            }
            _ if quoted => {}
            '"' if !angled => {
                quoted = true;
                out.push('"');
            }
            '<' => {
                let name = out.get(begin..).unwrap_or("").trim();
                if !name.is_empty() && !name.starts_with(['"', ';']) {
                    out.truncate(begin);
                    out.push_str("*** ");
                }
                angled = true;
                out.push('<');
            }
            '>' | ',' => {
                angled &= character == ',';
                out.push(character);
                begin = out.len();
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests;
