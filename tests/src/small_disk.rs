//! A small disk in memory, to be filled to the last byte.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::{output, run};
use crate::{packages, waiting};

/// A tmpfs, mounted while this lives (which needs root).
pub struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts it on the folder `at`, which is made where it is missing.
    pub fn mount(at: &Path, size: &str) -> Self {
        packages::need(&["mount"]);
        fs::create_dir_all(at).unwrap();
        let options = format!("size={size},mode=0700");
        run(
            "mount",
            [
                "-t".as_ref(),
                "tmpfs".as_ref(),
                "-o".as_ref(),
                options.as_ref(),
                "tmpfs".as_ref(),
                at.as_os_str(),
            ],
        );
        Self { at: at.to_owned() }
    }

    /// Writes until nothing fits any more.
    pub fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        loop {
            match ballast.write(&[0; 4096]) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("{}: {error}", self.at.display()),
            }
        }
    }

    /// Takes away what filled it.
    pub fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmount = |lazily: &[&str]| {
            output(Command::new("umount").args(lazily).arg(&self.at))
                .is_ok_and(|output| output.status.success())
        };
        let gone = || unmount(&[]).then_some(());
        if waiting::patiently(Duration::from_secs(5), gone).is_none() {
            unmount(&["-l"]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_and_has_room_again() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("disk");
        let disk = SmallDisk::mount(&at, "256k");
        let write = || fs::write(at.join("file"), [1; 4096]);
        disk.fill();
        assert_eq!(write().unwrap_err().kind(), ErrorKind::StorageFull);
        disk.free();
        write().unwrap();
        drop(disk);
        assert!(!at.join("file").exists(), "unmounted");
    }
}
