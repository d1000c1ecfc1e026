//! `zbusc hash`: the contract hash of each object.

use std::io::Write;

use clap::Args;
use zbus_idl::Schema;
use zbus_idl::contract::Contracts;
use zbus_idl::schema::Object;

use crate::failure::Failure;
use crate::input::Input;

/// Prints the contract hash of each object, which changes with what travels
#[derive(Args)]
#[command(after_help = "\
Of the files that are named, not of those that they import. What counts and what does not is in docs/contract-hash.md.

Examples:
  zbusc hash schemas/*.zbus
  zbusc hash --object calculator@1.0 schemas/calculator.zbus
  diff <(zbusc hash --names old.zbus) <(zbusc hash --names new.zbus)")]
pub(crate) struct Hash {
    #[command(flatten)]
    input: Input,
    /// Only this object: `calculator`, `calculator@1.0` or `calc.calculator@1.0`
    #[arg(long, value_name = "NAME")]
    object: Option<String>,
    /// Prints the texts that are hashed, not their hashes
    #[arg(long)]
    text: bool,
    /// Prints those texts with the names of types in place of their numbers, sorted, so that `diff` shows what changed
    #[arg(long, conflicts_with = "text")]
    names: bool,
}

impl Hash {
    pub(crate) fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let schema = self.input.schema()?;
        let objects: Vec<&Object> = schema.objects.iter().filter(|object| schema[object.file].is_root).collect();
        let chosen: Vec<&Object> = match &self.object {
            None => objects,
            Some(name) => {
                let is_meant = |object: &&Object| {
                    object.name == *name || object.bus_name() == *name || address(&schema, object) == *name
                };
                let chosen: Vec<&Object> = objects.iter().copied().filter(is_meant).collect();
                if chosen.is_empty() {
                    return Err(unknown(name, &schema, &objects));
                }
                chosen
            }
        };
        let contracts = Contracts::new(&schema);
        let is_chosen = |object: &Object| chosen.iter().any(|one| std::ptr::eq(*one, object));
        for contract in contracts.iter().filter(|contract| is_chosen(contract.object())) {
            if self.text || self.names {
                let text = if self.names { contract.named_text() } else { contract.text() };
                text.lines().try_for_each(|line| writeln!(out, "{}", zbus_idl::printable(line)))?;
            } else {
                writeln!(out, "{}  {}", contract.hash(), address(&schema, contract.object()))?;
            }
        }
        Ok(())
    }
}

/// `module.object@version`
fn address(schema: &Schema, object: &Object) -> String {
    format!("{}.{}", schema.module_of(object), object.bus_name())
}

fn unknown(name: &str, schema: &Schema, objects: &[&Object]) -> Failure {
    let there: Vec<String> = objects.iter().map(|object| address(schema, object)).collect();
    Failure::Usage(match there.as_slice() {
        [] => format!("there is no object `{name}`; these files have no objects"),
        there => format!("there is no object `{name}`; there is {}", there.join(", ")),
    })
}
