//! Redis at its barest: bytes that were written once go out, and as many bytes as are expected come in.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

/// How much is read at once.
const BUFFER: usize = 64 << 10;

trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A blocking connection.
pub struct Raw {
    stream: Box<dyn Stream>,
    buffer: Box<[u8]>,
    /// What was read and not yet looked at.
    unread: std::ops::Range<usize>,
}

impl Raw {
    /// At `redis://host:port` or `unix:///path`.
    pub fn connect(address: &str) -> io::Result<Self> {
        let stream: Box<dyn Stream> = if let Some(path) = address.strip_prefix("unix://") {
            Box::new(UnixStream::connect(path)?)
        } else {
            let stream = TcpStream::connect(address.trim_start_matches("redis://"))?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        };
        Ok(Self { stream, buffer: vec![0; BUFFER].into(), unread: 0..0 })
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The number in a line: of what kind it is stands before it, and is looked at only where it is an error.
    pub fn number(&mut self) -> io::Result<i64> {
        let mut line = Vec::new();
        loop {
            let unread = self.unread()?;
            let end = unread.iter().position(|&byte| byte == b'\n');
            let taken = end.map_or(unread.len(), |end| end + 1);
            line.extend_from_slice(&unread[..taken]);
            self.unread.start += taken;
            if end.is_some() {
                break;
            }
        }
        let text = String::from_utf8_lossy(&line);
        let number = text.get(1..).and_then(|number| number.trim_end().parse().ok());
        number.filter(|_| !text.starts_with('-')).ok_or_else(|| io::Error::other(text.trim_end().to_owned()))
    }

    /// Goes past so many bytes.
    pub fn skip(&mut self, mut bytes: usize) -> io::Result<()> {
        while bytes > 0 {
            let taken = self.unread()?.len().min(bytes);
            self.unread.start += taken;
            bytes -= taken;
        }
        Ok(())
    }

    /// Goes past so many lines.
    pub fn skip_lines(&mut self, mut lines: usize) -> io::Result<()> {
        while lines > 0 {
            let unread = self.unread()?;
            let ends = unread.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
            let taken = ends.map(|(index, _)| index + 1).take(lines).enumerate().last();
            let (passed, taken) = taken.map_or((0, unread.len()), |(index, taken)| (index + 1, taken));
            self.unread.start += taken;
            lines -= passed;
        }
        Ok(())
    }

    /// What there is to read; waits for some.
    pub fn unread(&mut self) -> io::Result<&[u8]> {
        if self.unread.is_empty() {
            let read = self.stream.read(&mut self.buffer)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.unread = 0..read;
        }
        Ok(&self.buffer[self.unread.clone()])
    }

    /// Goes past all that is there to be read, waiting for some, and says how much.
    pub fn skip_all(&mut self) -> io::Result<usize> {
        let bytes = self.unread()?.len();
        self.unread = 0..0;
        Ok(bytes)
    }
}

/// A command of these words.
pub fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut command = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        command.extend_from_slice(word);
        command.extend_from_slice(b"\r\n");
    }
    command
}

/// How many bytes a text of that length takes.
pub fn framed(length: usize) -> usize {
    format!("${length}\r\n").len() + length + 2
}
