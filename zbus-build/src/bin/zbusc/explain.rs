//! `zbusc explain`: what a code means, at length.

use std::io::Write;

use clap::Args;
use zbus_idl::{CODES, Code, explain};

use crate::failure::Failure;

/// Explains the code of a problem, with an example of it and how to mend that
#[derive(Args)]
#[command(after_help = "\
Examples:
  zbusc explain E0103
  zbusc explain          every code, in one line")]
pub(crate) struct Explain {
    /// The code, as a problem shows it; none lists them all
    code: Option<String>,
}

impl Explain {
    pub(crate) fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let Some(asked) = &self.code else {
            for code in CODES {
                writeln!(out, "{}  {}", code.code, code.title)?;
            }
            return Ok(());
        };
        let code = explain(&asked.to_uppercase()).ok_or_else(|| unknown(asked))?;
        let Code { code, title, explanation, wrong, right } = code;
        writeln!(out, "{code}: {title}\n\n{explanation}\n\nWrong:\n")?;
        indented(wrong, out)?;
        writeln!(out, "\nRight:\n")?;
        Ok(indented(right, out)?)
    }
}

fn indented(text: &str, out: &mut impl Write) -> std::io::Result<()> {
    text.lines().try_for_each(|line| if line.is_empty() { writeln!(out) } else { writeln!(out, "    {line}") })
}

fn unknown(asked: &str) -> Failure {
    let asked = asked.to_uppercase();
    let near = CODES.iter().filter(|code| strsim::osa_distance(code.code, &asked) == 1).take(3);
    let near: Vec<String> = near.map(|code| format!("{} ({})", code.code, code.title)).collect();
    let advice = match near.as_slice() {
        [] => "`zbusc explain` lists all codes".to_owned(),
        near => format!("did you mean {}? `zbusc explain` lists all codes", near.join(", ")),
    };
    Failure::Usage(format!("there is no code {asked}; {advice}"))
}
