//! The data folder: the table's file, and the two secrets that the local gateway makes for itself.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use stargate_core::secret::Secret;

/// A folder of ours, or no folder at all.
#[derive(Clone, Debug)]
pub struct DataDir {
    folder: Option<PathBuf>,
}

impl DataDir {
    /// Opens the folder, making it if it is not there; `None` keeps everything in memory.
    pub fn open(folder: Option<&Path>) -> io::Result<Self> {
        if let Some(folder) = folder {
            fs::create_dir_all(folder)?;
        }
        Ok(Self::existing(folder))
    }

    /// The folder as it is, which may not be there.
    pub fn existing(folder: Option<&Path>) -> Self {
        Self { folder: folder.map(Path::to_owned) }
    }

    /// Where the table is, if it outlives the process.
    pub fn table(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join("table.sqlite"))
    }

    /// A secret that was kept under `name`.
    pub fn secret(&self, name: &str) -> io::Result<Option<Secret>> {
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        match fs::read_to_string(folder.join(name)) {
            // An empty file is one whose writing was cut short.
            Ok(text) => Ok(Some(text.trim()).filter(|text| !text.is_empty()).map(Secret::new)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps a secret under `name`, readable by its owner alone.
    pub fn keep(&self, name: &str, secret: &Secret) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let unfinished = folder.join(format!("{name}.new"));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        writeln!(file, "{}", secret.reveal())?;
        file.sync_all()?;
        fs::rename(unfinished, folder.join(name))
    }
}
