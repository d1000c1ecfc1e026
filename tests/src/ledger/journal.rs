//! Notes in a file, which outlive the process that takes them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::{Book, Note};

/// A call's number and a note's code.
const RECORD: usize = 9;

/// Notes that are with the system as soon as they are taken: killing the process takes none of them back.
#[derive(Debug)]
pub struct Journal(File);

impl Journal {
    /// Appends to the file of this path.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    /// What was noted, in order.
    pub(super) fn read(path: &Path) -> Vec<(u64, Note)> {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        let (records, rest) = bytes.as_chunks::<RECORD>();
        assert!(rest.is_empty(), "a record is written at once");
        let note = |&[number @ .., code]: &[u8; RECORD]| {
            (u64::from_le_bytes(number), Note::from_code(code).expect("a note's code"))
        };
        records.iter().map(note).collect()
    }
}

impl Book for Journal {
    fn note(&self, number: u64, note: Note, detail: &str) {
        let mut record = [0; RECORD];
        record[..8].copy_from_slice(&number.to_le_bytes());
        record[8] = note as u8;
        (&self.0).write_all(&record).expect("the folder of the test is there");
        if matches!(note, Note::Unfit | Note::Hung) {
            eprintln!("call {number}: {note:?}: {detail}");
        }
    }
}
