//! `zbusc`: schemas outside of a build. Each subcommand has a file; `input` reads the schemas for all of them, `failure` reports what went
//! wrong.

mod acl;
mod check;
mod explain;
mod failure;
mod generate;
mod generate_rust;
mod hash;
mod input;
mod model;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The compiler of zbus: checks .zbus schemas, and turns them into code or JSON.
#[derive(Parser)]
#[command(
    // By default the name is that of the package.
    name = "zbusc",
    version,
    arg_required_else_help = true,
    after_help = "\
Exit status: 0 if all is well, 1 if a schema is broken or something cannot be done, 2 if the command line makes no sense."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Check(check::Check),
    Explain(explain::Explain),
    Model(model::Model),
    Hash(hash::Hash),
    Gen(generate::Generate),
    Acl(acl::Acl),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = BufWriter::new(io::stdout().lock());
    let done = match arguments.command {
        Command::Check(check) => check.run(&mut out),
        Command::Explain(explain) => explain.run(&mut out),
        Command::Model(model) => model.run(&mut out),
        Command::Hash(hash) => hash.run(&mut out),
        Command::Gen(generate) => generate.run(&mut out),
        Command::Acl(acl) => acl.run(&mut out),
    };
    // After a failure, too: the problems that `check` found are its output.
    let written = out.flush();
    match done.and_then(|()| Ok(written?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
