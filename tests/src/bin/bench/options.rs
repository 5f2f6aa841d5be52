//! What one types behind `make bench`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What a call costs: measured on loopback, beside the floor, in one run.
///
/// Without a command everything is measured, in about five minutes, and printed
/// as the table of docs/performance.md. Each part can be run alone, in a short
/// time; a part prints one line for each round, which can be compared with the
/// lines of the same run alone: the machine is another one each minute.
///
/// CPU is that of the server, its children and threads that have ended
/// included, in user and kernel mode, to the nanosecond. `kernel` is that of all
/// the kernel's own threads on the machine (disk, timers), whoever caused it.
///
/// To compare two programs, give both: their rounds take turns, and the medians
/// stand below each other.
///
///   bench --binary target/release/ringpost --against /tmp/before voicemail --rounds 3
///
/// A run fails, and says why, where a call was not answered, a recording lacks
/// a frame, a mail is missing or came twice, or the server logged an error.
/// TMPDIR says on which filesystem the state folder lies. A machine that compiles
/// meanwhile loses sound by itself: see --ahead, and "the bench itself was late".
#[derive(Debug, Parser)]
#[command(name = "bench", verbatim_doc_comment)]
pub struct Options {
    /// The program to measure [default: RINGPOST_BINARY, else ringpost beside this one]
    #[arg(long, global = true)]
    pub binary: Option<PathBuf>,
    /// A second program, measured in turns with the first
    #[arg(long, global = true)]
    pub against: Option<PathBuf>,
    /// A line of the configuration's table mail, such as 'audio = "g711"' (default here: pcm)
    #[arg(long, global = true)]
    pub mail_line: Vec<String>,
    /// Lines of the configuration's table log, such as 'level = "warn"'
    #[arg(long, global = true)]
    pub log_line: Vec<String>,
    /// Run before everybody else's work, on a machine that others use (needs root)
    #[arg(long, global = true)]
    pub ahead: bool,
    /// Which part; everything when left out
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// A part of the bench.
#[derive(Debug, Clone, Subcommand)]
pub enum Part {
    /// Voice mail: CPU, memory, waits, the greeting's pace, whole recordings
    Voicemail(Voicemail),
    /// Calls hung up half a second into the greeting, with or without their mail
    Missed(Missed),
    /// SIP alone: answered and hung up at once, cancelled, OPTIONS; beside an empty echo
    Signalling(Signalling),
    /// CPU by thread for one kind of call
    Threads(Threads),
    /// From the start of the process to the first OPTIONS answered; idle memory
    Start(Start),
    /// The most calls at once that are all answered, recorded whole and delivered once
    MostCalls(MostCalls),
    /// The most missed calls a second that are all answered, filed and told of once
    MostRate(MostRate),
    /// At the limit: what a refusal costs and takes, and the sound of those who are in
    Limit(Limit),
    /// More than the machine can do: what is done of it, and who is inside meanwhile
    Overload(Overload),
    /// What a packet costs a bare loop that receives, and one that sends
    Floor,
    // What follows is started by the bench itself.
    #[command(hide = true)]
    Echo,
    #[command(hide = true)]
    FloorReceive { sockets: usize },
    #[command(hide = true)]
    FloorSend { sockets: usize, to: SocketAddr, frames: u16 },
}

/// How many calls, how fast, how often.
#[derive(Debug, Clone, Copy, Args)]
pub struct Voicemail {
    /// Calls of one round
    #[arg(long, default_value_t = 200)]
    pub calls: usize,
    /// Calls begun in a second; each lasts 11.3 s
    #[arg(long, default_value_t = 40.0)]
    pub rate: f64,
    /// Rounds, each with a fresh server
    #[arg(long, default_value_t = 1)]
    pub rounds: usize,
}

/// How many calls, how fast, how often.
#[derive(Debug, Clone, Copy, Args)]
pub struct Missed {
    /// Calls of one round
    #[arg(long, default_value_t = 5000)]
    pub calls: usize,
    /// Calls begun in a second
    #[arg(long, default_value_t = 1000.0)]
    pub rate: f64,
    /// Each call is told of by a mail (the default is both, one after the other)
    #[arg(long)]
    pub mail: bool,
    /// The called user wants no notification
    #[arg(long, conflicts_with = "mail")]
    pub no_mail: bool,
    /// Rounds, each with a fresh server
    #[arg(long, default_value_t = 1)]
    pub rounds: usize,
}

/// How many calls, how fast, how often.
#[derive(Debug, Clone, Copy, Args)]
pub struct Signalling {
    /// Calls of each kind
    #[arg(long, default_value_t = 10_000)]
    pub calls: usize,
    /// Calls begun in a second
    #[arg(long, default_value_t = 2000.0)]
    pub rate: f64,
    /// Rounds, each with a fresh server
    #[arg(long, default_value_t = 1)]
    pub rounds: usize,
}

/// Which load.
#[derive(Debug, Clone, Copy, Args)]
pub struct Threads {
    /// Kind of call
    #[arg(long, value_enum, default_value_t = LoadKind::Voicemail)]
    pub load: LoadKind,
    /// Calls [default: those of the part about that kind]
    #[arg(long)]
    pub calls: Option<usize>,
    /// Calls begun in a second [default: those of the part about that kind]
    #[arg(long)]
    pub rate: Option<f64>,
}

/// A kind of call, for `threads`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LoadKind {
    /// A message of 8.9 s, with its mail
    Voicemail,
    /// Hung up in the greeting, with its mail
    Missed,
    /// Hung up in the greeting, no mail wanted
    MissedNoMail,
    /// Hung up at once, no mail wanted
    Answered,
    /// Cancelled while it rings, no mail wanted
    Cancelled,
    /// OPTIONS
    Options,
}

/// Where to look.
#[derive(Debug, Clone, Args)]
pub struct MostCalls {
    /// Numbers of calls, tried in this order until one fails
    #[arg(long, value_delimiter = ',', default_values_t = [250, 500, 1000, 1500, 2000])]
    pub steps: Vec<usize>,
    /// Seconds in which they begin; each lasts 11.3 s
    #[arg(long, default_value_t = 8.0)]
    pub ramp: f64,
}

/// Where to look.
#[derive(Debug, Clone, Args)]
pub struct MostRate {
    /// Calls a second, tried in this order until one fails
    #[arg(long, value_delimiter = ',', default_values_t = [500, 1000, 1500, 2000, 3000])]
    pub steps: Vec<usize>,
    /// Seconds of each
    #[arg(long, default_value_t = 4.0)]
    pub seconds: f64,
    /// The called users want no notification
    #[arg(long)]
    pub no_mail: bool,
}

/// How many, how fast.
#[derive(Debug, Clone, Copy, Args)]
pub struct Limit {
    /// limits.calls, and so many calls are in
    #[arg(long, default_value_t = 200)]
    pub calls: usize,
    /// Further calls a second, for 5 s
    #[arg(long, default_value_t = 1000.0)]
    pub rate: f64,
}

/// How many, how fast.
#[derive(Debug, Clone, Args)]
pub struct Overload {
    /// Calls a second, hung up in the greeting; one after the other, each with a fresh server
    #[arg(long, value_delimiter = ',', default_values_t = [1000.0, 2000.0, 4000.0])]
    pub rates: Vec<f64>,
    /// Seconds of each
    #[arg(long, default_value_t = 8.0)]
    pub seconds: f64,
    /// Callers who leave a message meanwhile
    #[arg(long, default_value_t = 50)]
    pub inside: usize,
    /// limits.calls
    #[arg(long, default_value_t = 5000)]
    pub limit: u32,
    /// The called users want no notification
    #[arg(long)]
    pub no_mail: bool,
}

/// How often.
#[derive(Debug, Clone, Copy, Args)]
pub struct Start {
    /// Starts, each with a fresh state folder
    #[arg(long, default_value_t = 7)]
    pub starts: usize,
}
