//! `zbusc acl`: the rights of a user of Redis.

use std::io::Write;

use clap::{ArgGroup, Args};
use zbus_build::acl::Rights;
use zbus_idl::Schema;

use crate::failure::Failure;
use crate::input::Reading;

/// Prints the rights that a server or a client needs in Redis, and no others
#[derive(Args)]
#[command(group(ArgGroup::new("role").args(["server", "client"]).required(true).multiple(true)), after_help = "\
The line goes into an aclfile or into redis.conf. Its words after `user` are the arguments of ACL SETUSER. It leaves the user's passwords as they are: add one with `>password`, or with `#` and its SHA-256.

Needs Redis 7.0 or newer, or Valkey. docs/access.md says what the rights keep apart, and what they cannot.

Examples:
  zbusc acl --server schemas/calculator.zbus
  zbusc acl --client schemas/calculator.zbus --user web
  zbusc acl --server storage.zbus --client calculator.zbus network.zbus --user storaged >> users.acl
  echo \"ACL SETUSER calc-client >secret $(zbusc acl --client schemas/calculator.zbus | cut -d' ' -f3-)\" | redis-cli")]
pub(crate) struct Acl {
    /// Schemas whose objects the user serves
    #[arg(long, num_args = 1.., value_name = "FILES")]
    server: Vec<String>,
    /// Schemas whose objects the user calls
    #[arg(long, num_args = 1.., value_name = "FILES")]
    client: Vec<String>,
    /// The name of the user; if not given, that of the one module with `-server` or `-client`
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Programs on Go's zbus or on rbus are on the bus, or are the user
    #[arg(long)]
    go_peers: bool,
    /// The client may run no scripts, and so neither withdraw requests nor limit queues
    #[arg(long, requires = "client")]
    no_scripts: bool,
    #[command(flatten)]
    reading: Reading,
}

impl Acl {
    pub(crate) fn run(&self, out: &mut impl Write) -> Result<(), Failure> {
        let mut rights = Rights::new();
        if !self.server.is_empty() {
            rights = rights.server(&self.schema(&self.server)?);
        }
        if !self.client.is_empty() {
            rights = rights.client(&self.schema(&self.client)?);
        }
        if self.go_peers {
            rights = rights.go_peers();
        }
        if self.no_scripts {
            rights = rights.no_scripts();
        }
        let user = self.user(&rights)?;
        rights.rules().map_err(Failure::Build)?;
        // What is left to be wrong is the user's name.
        let line = rights.line(&user).map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(writeln!(out, "{line}")?)
    }

    fn schema(&self, files: &[String]) -> Result<Schema, Failure> {
        let schema = self.reading.schema(files)?;
        if !schema.objects.iter().any(|object| schema[object.file].is_root) {
            return Err(Failure::Usage(format!(
                "there are no objects in {}: nothing to serve or to call",
                files.join(", ")
            )));
        }
        Ok(schema)
    }

    fn user(&self, rights: &Rights) -> Result<String, Failure> {
        match (&self.user, rights.modules().as_slice()) {
            (Some(user), _) => Ok(user.clone()),
            (None, [module]) if self.client.is_empty() => Ok(format!("{module}-server")),
            (None, [module]) if self.server.is_empty() => Ok(format!("{module}-client")),
            (None, _) => Err(Failure::Usage(
                "a user that both serves and calls, or has several modules, needs a name: --user NAME".to_owned(),
            )),
        }
    }
}
