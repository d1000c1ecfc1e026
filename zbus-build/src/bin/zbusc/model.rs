//! `zbusc model`: the resolved schema as JSON.

use std::io::Write;

use clap::Args;

use crate::failure::Failure;
use crate::input::Input;

/// Prints the resolved schemas as JSON, for backends in any language
#[derive(Args)]
#[command(after_help = "\
Every key is described in docs/model.md.

Examples:
  zbusc model schemas/calculator.zbus > calculator.json
  zbusc model schemas/*.zbus | jq -r '.objects[].methods[].name'")]
pub(crate) struct Model {
    #[command(flatten)]
    input: Input,
}

impl Model {
    pub(crate) fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let schema = self.input.schema()?;
        Ok(writeln!(out, "{:#}", zbus_idl::model::to_json(&schema))?)
    }
}
