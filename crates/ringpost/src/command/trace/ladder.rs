//! The ladder: a column for each peer, ours on the right, time from top to
//! bottom, and between the arrows what was decided.

use super::{Event, Summary, Trace};

/// Columns of a terminal that it fits into.
const WIDTH: usize = 100;
/// Left of the first column: milliseconds.
const MARGIN: usize = 10;
/// Peers with a column of their own; later ones share the last.
const PEERS: usize = 3;

const US: &str = "ringpost";

/// The ladder as text.
pub(super) fn draw(trace: &Trace) -> String {
    let ladder = Ladder::of(trace);
    let mut lines = heading(trace);
    lines.push(String::new());
    lines.push(ladder.names());
    for event in &trace.events {
        match event {
            Event::Message { ms, direction, hop, again, line, headers, sdp, .. } => {
                let mut label = label(line, headers);
                if *again {
                    label.push_str(" (again)");
                }
                let place = ladder.place(hop);
                if ladder.is_shared(place, hop) {
                    label = format!("[{hop}] {label}");
                }
                lines.push(ladder.arrow(*ms, place, direction == "in", &label));
                if let Some(sdp) = sdp {
                    lines.extend(ladder.words(None, place, &format!("SDP {sdp}")));
                }
            }
            Event::Note { ms, text } => {
                lines.extend(ladder.words(Some(*ms), 0, &format!("* {text}")))
            }
        }
    }
    lines.extend(footing(trace));
    finished(&lines)
}

/// Every message whole, with the notes between them.
pub(super) fn whole(trace: &Trace) -> String {
    let mut lines = heading(trace);
    for event in &trace.events {
        lines.push(String::new());
        match event {
            Event::Message { ms, direction, hop, again, raw, .. } => {
                let way = if direction == "in" { "received from" } else { "sent to" };
                let again = if *again { ", again" } else { "" };
                lines.push(format!("---- {ms:.1} ms: {way} {hop}{again}"));
                lines.extend(raw.lines().map(str::to_owned));
            }
            Event::Note { ms, text } => lines.push(format!("---- {ms:.1} ms: {text}")),
        }
    }
    lines.extend(footing(trace));
    finished(&lines)
}

fn heading(trace: &Trace) -> Vec<String> {
    let mut lines = vec![format!("Call-ID {}", trace.call_id)];
    lines.extend(trace.calls.iter().map(|Summary { id, subscriber, state, ended }| {
        let whose = subscriber.as_deref().map_or(String::new(), |user| format!(" for {user}"));
        let state = state.map_or(String::new(), |state| match ended {
            Some(_) => format!(", in state {state}"),
            None => format!(": live, in state {state}"),
        });
        let ended = ended.as_deref().map_or(String::new(), |ended| format!(": {ended}"));
        format!("call {id}{whose}{ended}{state}")
    }));
    lines
}

fn footing(trace: &Trace) -> Option<String> {
    trace.masked.then(|| "\nNumbers and names are masked; --numbers shows them.".to_owned())
}

fn finished(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A request by its method and URI, a response with the method it answers.
fn label(line: &str, headers: &[(String, String)]) -> String {
    let Some(status) = line.strip_prefix("SIP/2.0 ") else {
        return line.strip_suffix(" SIP/2.0").unwrap_or(line).to_owned();
    };
    let cseq = headers.iter().find(|(name, _)| name == "CSeq");
    match cseq.and_then(|(_, value)| value.split_whitespace().nth(1)) {
        Some(method) => format!("{status} ({method})"),
        None => status.to_owned(),
    }
}

struct Ladder<'a> {
    peers: Vec<&'a str>,
    more: bool,
}

impl<'a> Ladder<'a> {
    fn of(trace: &'a Trace) -> Self {
        let mut peers: Vec<&str> = Vec::new();
        let mut more = false;
        for event in &trace.events {
            let Event::Message { hop, .. } = event else { continue };
            if !peers.contains(&hop.as_str()) {
                if peers.len() < PEERS { peers.push(hop) } else { more = true }
            }
        }
        Self { peers, more }
    }

    fn place(&self, hop: &str) -> usize {
        let last = self.peers.len().saturating_sub(1);
        self.peers.iter().position(|peer| *peer == hop).unwrap_or(last)
    }

    /// The column is another peer's first.
    fn is_shared(&self, place: usize, hop: &str) -> bool {
        self.peers.get(place).is_some_and(|peer| *peer != hop)
    }

    /// Where the column of a peer stands; ours is the last of the line.
    fn column(&self, place: usize) -> usize {
        MARGIN + place * (self.us() - MARGIN) / self.peers.len().max(1)
    }

    fn us(&self) -> usize {
        WIDTH - 1
    }

    /// The columns and nothing between them.
    fn blank(&self, ms: Option<f64>) -> Vec<char> {
        let mut line = vec![' '; WIDTH];
        for place in 0..self.peers.len().max(1) {
            put(&mut line, self.column(place), "│");
        }
        put(&mut line, self.us(), "│");
        if let Some(ms) = ms {
            put(&mut line, 0, &format!("{:>9}", format!("{ms:.1}")));
        }
        line
    }

    fn names(&self) -> String {
        let mut line = vec![' '; WIDTH];
        put(&mut line, 7, "ms");
        for (place, peer) in self.peers.iter().enumerate() {
            let others = if self.more && place + 1 == self.peers.len() { "… " } else { "" };
            let end = self.column(place + 1).min(WIDTH - US.len()) - 1;
            let name = fitted(&format!("{others}{peer}"), end.saturating_sub(self.column(place)));
            put(&mut line, self.column(place), &name);
        }
        put(&mut line, WIDTH - US.len(), US);
        line.into_iter().collect()
    }

    fn arrow(&self, ms: f64, place: usize, is_in: bool, label: &str) -> String {
        let mut line = self.blank(Some(ms));
        let (left, right) = (self.column(place), self.us());
        for at in left + 1..right {
            put(&mut line, at, "─");
        }
        put(&mut line, if is_in { right - 1 } else { left + 1 }, if is_in { ">" } else { "<" });
        put(&mut line, left + 3, &format!(" {} ", fitted(label, right - left - 8)));
        line.into_iter().collect()
    }

    /// A text between the columns, in as many lines as it takes.
    fn words(&self, ms: Option<f64>, place: usize, text: &str) -> Vec<String> {
        let (left, right) = (self.column(place) + 2, self.us() - 1);
        wrapped(text, right - left)
            .into_iter()
            .enumerate()
            .map(|(number, part)| {
                let mut line = self.blank(ms.filter(|_| number == 0));
                put(&mut line, left, &part);
                line.into_iter().collect()
            })
            .collect()
    }
}

/// Writes over what stands there; what does not fit is left out.
fn put(line: &mut [char], at: usize, text: &str) {
    for (place, character) in line.iter_mut().skip(at).zip(text.chars()) {
        *place = character;
    }
}

fn fitted(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Lines of whole words; a word that is longer than a line is broken.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line: Vec<char> = Vec::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        let indent = if lines.is_empty() { 0 } else { 2 };
        if !line.is_empty() && indent + line.len() + 1 + word.len() > width {
            lines.push(indented(&lines, &line));
            line.clear();
        }
        while word.len() > width - 2 {
            let rest = word.split_off(width - 2);
            lines.push(indented(&lines, &word));
            word = rest;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.append(&mut word);
    }
    if !line.is_empty() {
        lines.push(indented(&lines, &line));
    }
    lines
}

fn indented(before: &[String], line: &[char]) -> String {
    let indent = if before.is_empty() { "" } else { "  " };
    indent.chars().chain(line.iter().copied()).collect()
}

#[cfg(test)]
mod tests;
