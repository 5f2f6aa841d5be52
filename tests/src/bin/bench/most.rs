//! How much is too much: the load grows step by step until something fails.

use std::path::Path;

use crate::figures::complain;
use crate::options::{self, Options};
use crate::{missed, voicemail};

/// What was found.
pub struct Most {
    /// The highest step with no failure.
    pub most: Option<usize>,
    /// The first step with one, and what failed.
    pub failed: Option<(usize, String)>,
}

impl Most {
    /// In a few words.
    pub fn words(&self) -> String {
        let most = self.most.map_or("none".to_owned(), |most| most.to_string());
        match &self.failed {
            Some((at, why)) => format!("{most}; at {at} {why}"),
            None => format!("{most}, the highest that was tried"),
        }
    }
}

/// Calls at once.
pub fn calls(options: &Options, part: &options::MostCalls) -> Most {
    search(options, &part.steps, "calls at once", |binary, calls| {
        let round = voicemail::round(options, binary, calls, calls as f64 / part.ramp);
        round.print();
        round.faults
    })
}

/// Missed calls a second.
pub fn rate(options: &Options, part: &options::MostRate) -> Most {
    search(options, &part.steps, "missed calls a second", |binary, rate| {
        let calls = (rate as f64 * part.seconds) as usize;
        let round = missed::round(options, binary, calls, rate as f64, !part.no_mail);
        round.print();
        round.faults
    })
}

fn search(
    options: &Options,
    steps: &[usize],
    what: &str,
    mut attempt: impl FnMut(&Path, usize) -> Vec<String>,
) -> Most {
    let binary = options.binaries()[0];
    let mut found = Most { most: None, failed: None };
    for step in steps {
        println!("{step} {what}");
        let faults = attempt(binary, *step);
        if let Some(fault) = faults.first() {
            found.failed = Some((*step, format!("{} faults, such as: {fault:.120}", faults.len())));
            break;
        }
        found.most = Some(*step);
    }
    println!("most {what}: {}", found.words());
    if found.most.is_none() {
        complain(&["not even the first step".to_owned()]);
    }
    found
}
