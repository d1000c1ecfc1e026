//! Why a subcommand failed, and the exit status for that.

use std::io::{self, Write};
use std::process::ExitCode;

use zbus_idl::{Color, Report};

/// What can go wrong.
pub(crate) enum Failure {
    /// A schema is broken: the report, to be shown with or without colours.
    Schemas(Report, Color),
    /// A schema is broken, as the output says.
    Reported,
    /// The command line asks for something that is not there.
    Usage(String),
    /// The backend or the file system refuses.
    Build(zbus_build::Error),
    /// The output cannot be written.
    Output(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// Says it on standard error, and gives the exit status.
    pub(crate) fn report(self) -> ExitCode {
        let (text, status) = match self {
            Self::Schemas(report, color) => (report.render(color), 1),
            Self::Reported => (String::new(), 1),
            Self::Usage(text) => (format!("error: {text}\n"), 2),
            Self::Build(error) => (format!("error: {error}\n"), 1),
            // The reader has seen enough, as `head` has.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => (String::new(), 0),
            Self::Output(error) => (format!("error: cannot write the output: {error}\n"), 1),
        };
        // There is nowhere left to say that this failed.
        _ = io::stderr().write_all(text.as_bytes());
        ExitCode::from(status)
    }
}
