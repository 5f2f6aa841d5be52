//! Where a reference lies in a recording, and how like it the recording is.

/// The best match of a reference in a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alignment {
    /// Samples of the recording before the reference begins; negative when the
    /// recording begins inside the reference.
    pub lag: isize,
    /// Normalised correlation over the whole overlap, -1 to 1; loudness does not count.
    pub correlation: f64,
    /// How many samples of the reference lie inside the recording.
    pub overlap: usize,
}

/// How much of the reference must at least overlap for a lag to be considered.
const LEAST: usize = 800;
/// Length of the piece that is searched for.
const PIECE: usize = 4000;
/// Every how many samples are compared while searching.
const STRIDE: usize = 4;

/// Finds `reference` in `recording`.
pub fn align(reference: &[i16], recording: &[i16]) -> Alignment {
    let none = Alignment { lag: 0, correlation: 0.0, overlap: 0 };
    if reference.len() < LEAST || recording.len() < LEAST {
        return none;
    }
    // Pieces from several places, for the recording may hold a part only.
    let length = PIECE.min(reference.len()).min(recording.len());
    let last = reference.len() - length;
    let mut best = none;
    for begin in [0, last / 3, last * 2 / 3, last] {
        let piece = &reference[begin..begin + length];
        let lag = search(piece, recording) as isize - begin as isize;
        for lag in lag - 3..=lag + 3 {
            let found = measure(reference, recording, lag);
            if found.overlap >= LEAST && found.correlation > best.correlation {
                best = found;
            }
        }
        if best.correlation > 0.99 {
            break;
        }
    }
    best
}

/// Where in `recording` the whole `piece` fits best.
fn search(piece: &[i16], recording: &[i16]) -> usize {
    let piece: Vec<f32> = piece.iter().step_by(STRIDE).map(|&sample| f32::from(sample)).collect();
    let recording: Vec<f32> = recording.iter().map(|&sample| f32::from(sample)).collect();
    let span = (piece.len() - 1) * STRIDE + 1;
    let mut best = (0, f32::MIN);
    for at in 0..=recording.len() - span {
        let mut product = 0.0;
        let mut energy = 1.0;
        let mut place = at;
        for &sample in &piece {
            let other = recording[place];
            product += sample * other;
            energy += other * other;
            place += STRIDE;
        }
        let likeness = product / f32::sqrt(energy);
        if likeness > best.1 {
            best = (at, likeness);
        }
    }
    best.0
}

/// Normalised correlation over everything that overlaps at `lag`.
fn measure(reference: &[i16], recording: &[i16], lag: isize) -> Alignment {
    let skip = usize::try_from(-lag).unwrap_or(0).min(reference.len());
    let begin = usize::try_from(lag).unwrap_or(0).min(recording.len());
    let pairs = reference[skip..].iter().zip(&recording[begin..]);
    let overlap = pairs.len();
    let (mut product, mut ours, mut theirs) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (&a, &b) in pairs {
        let (a, b) = (f64::from(a), f64::from(b));
        product += a * b;
        ours += a * a;
        theirs += b * b;
    }
    let correlation =
        if ours > 0.0 && theirs > 0.0 { product / (ours * theirs).sqrt() } else { 0.0 };
    Alignment { lag, correlation, overlap }
}
