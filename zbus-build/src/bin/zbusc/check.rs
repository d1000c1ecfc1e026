//! `zbusc check`: every problem of every schema.

use std::io::{self, IsTerminal, Write};

use clap::{Args, ValueEnum};
use zbus_idl::{Report, Schema};

use crate::failure::Failure;
use crate::input::Input;

/// Checks schemas and all that they import, and shows every problem
#[derive(Args)]
#[command(after_help = "\
Examples:
  zbusc check schemas/*.zbus
  zbusc check --format short -I ../shared/schemas schemas/calculator.zbus
  git show HEAD:schemas/calculator.zbus | zbusc check -")]
pub(crate) struct Check {
    #[command(flatten)]
    input: Input,
    /// How problems are shown
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people: the lines, marked, with help
    #[default]
    Text,
    /// One JSON value, for tools: see docs/diagnostics-json.md
    Json,
    /// A line for each problem, `path:line:column: error[code]: …`; nothing if there is none
    Short,
}

impl Check {
    pub(crate) fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        match self.input.compile()? {
            Ok(schema) => Ok(self.pass(&schema, out)?),
            Err(report) => {
                // Whether anybody reads the problems to their end makes no difference to the status.
                match self.fail(&report, out) {
                    Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
                    _ => Err(Failure::Reported),
                }
            }
        }
    }

    fn pass(&self, schema: &Schema, out: &mut impl Write) -> io::Result<()> {
        match self.format {
            Format::Text => {
                let count = schema.files.len();
                writeln!(out, "{count} file{}, no problems", if count == 1 { "" } else { "s" })
            }
            Format::Json => writeln!(out, "{:#}", Report::empty_json()),
            Format::Short => Ok(()),
        }
    }

    /// On standard output, in every format: they are what was asked for.
    fn fail(&self, report: &Report, out: &mut impl Write) -> io::Result<()> {
        match self.format {
            Format::Text => {
                let color = self.input.color(io::stdout().is_terminal());
                out.write_all(report.render(color).as_bytes())
            }
            Format::Json => writeln!(out, "{:#}", report.to_json()),
            Format::Short => {
                report.iter().try_for_each(|diagnostic| writeln!(out, "{}", diagnostic.one_line(report.sources())))
            }
        }
    }
}
