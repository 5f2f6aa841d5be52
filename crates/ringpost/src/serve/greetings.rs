//! Greetings: the built-in one and the subscribers' own, encoded once and kept
//! until their file changes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use ringpost_media::Prompt;

/// Made when it is first asked for: not before the server answers.
static BUILT_IN: LazyLock<Arc<Prompt>> = LazyLock::new(|| Arc::new(Prompt::default_greeting()));

/// The greeting inside the binary, with the beep at its end. The first to ask
/// for it waits for some milliseconds.
pub fn built_in() -> Arc<Prompt> {
    BUILT_IN.clone()
}

/// All greetings of the server.
pub struct Greetings {
    folder: PathBuf,
    own: Mutex<HashMap<String, (SystemTime, Arc<Prompt>)>>,
}

impl Greetings {
    /// With personal greetings as `USER.wav` in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, own: Mutex::default() }
    }

    /// The greeting that callers of `user` hear, with the beep at its end. A
    /// personal greeting that cannot be read costs itself and not the call.
    pub async fn of(&self, user: &str) -> Arc<Prompt> {
        let file = file_of(&self.folder, user);
        // A look at the folder is quicker than a thread that looks.
        let Ok(metadata) = std::fs::metadata(&file) else { return built_in() };
        let changed = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if let Some((known, prompt)) = self.lock().get(user)
            && *known == changed
        {
            return prompt.clone();
        }
        let loaded = tokio::task::spawn_blocking(move || load(&file)).await;
        match loaded {
            Ok(Ok(prompt)) => {
                let prompt = Arc::new(prompt);
                self.lock().insert(user.to_owned(), (changed, prompt.clone()));
                prompt
            }
            Ok(Err(reason)) => {
                // Not the file: its name is the subscriber's.
                tracing::warn!(%reason, "a personal greeting cannot be played; the built-in one stands in");
                built_in()
            }
            Err(_) => built_in(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (SystemTime, Arc<Prompt>)>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the greeting of `user` lies. Letters, digits, `.`, `-` and `_` stand
/// as they are, everything else as its bytes, so that no name leaves the folder.
pub fn file_of(folder: &Path, user: &str) -> PathBuf {
    let mut name = String::with_capacity(user.len() + 4);
    for byte in user.to_lowercase().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            b'.' if !name.is_empty() => name.push('.'),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name.push_str(".wav");
    folder.join(name)
}

/// Reads a WAV and puts the beep behind it.
pub fn load(file: &Path) -> Result<Prompt, String> {
    let bytes = std::fs::read(file).map_err(|error| error.to_string())?;
    Prompt::from_wav(&bytes).map(Prompt::then_beep).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_user_leaves_the_folder() {
        let folder = Path::new("/greetings");
        assert_eq!(file_of(folder, "Alice"), folder.join("alice.wav"));
        assert_eq!(file_of(folder, "../../etc/x"), folder.join("%2e.%2f..%2fetc%2fx.wav"));
    }
}
