//! The rights of a user of Redis (or Valkey) who serves or calls what schemas say: those that the runtime needs, and no others.
//!
//! ```no_run
//! use zbus_build::acl::Rights;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (calc, storage): (zbus_idl::Schema, zbus_idl::Schema) = unimplemented!();
//! // A process that serves one module and calls another.
//! let rights = Rights::new().server(&calc).client(&storage);
//! println!("{}", rights.line("calcd"));
//! # Ok(())
//! # }
//! ```
//!
//! A command is allowed where all that it touches is in one and the same group of rules, so that who may push to a queue may not pop
//! from it for being allowed to pop elsewhere. Such groups, Redis' selectors, are there since Redis 7.0.

use std::fmt::Write as _;

use zbus_idl::Schema;

/// What a UUID looks like in a pattern.
const UUID: &str = "????????-????-????-????-????????????";

/// What every connection needs, none of which touches a key: to tell whether the broker works and which run of it this is, to read its
/// clock, to end a pop, to choose a database.
const CONNECTION: [&str; 6] = ["+ping", "+info", "+time", "+select", "+client|id", "+client|unblock"];

/// What a user may do.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Rights {
    server: Names,
    client: Names,
    go_peers: bool,
    no_scripts: bool,
}

/// What there is of modules in Redis.
#[derive(Clone, Debug, Default)]
struct Names {
    modules: Vec<String>,
    /// The lists of requests; the first of a module is that of its status.
    queues: Vec<String>,
    /// The channels of the events.
    events: Vec<String>,
}

impl Rights {
    /// None but those that every connection needs.
    pub fn new() -> Self {
        Self::default()
    }

    /// To serve the objects of the schema's own files, not of those that they import, and to publish their events.
    pub fn server(mut self, schema: &Schema) -> Self {
        self.server.add(schema);
        self
    }

    /// To call the objects of the schema's own files, not of those that they import, and to listen to their events.
    pub fn client(mut self, schema: &Schema) -> Self {
        self.client.add(schema);
        self
    }

    /// Where programs on Go's zbus or on rbus are on the bus: their replies are in lists that are named by a bare UUID. Such a program
    /// may be the user, too.
    pub fn go_peers(self) -> Self {
        Self { go_peers: true, ..self }
    }

    /// A client may run no scripts: it could hold Redis up with them. It withdraws no requests then, and its calls cannot have a queue
    /// limit.
    pub fn no_scripts(self) -> Self {
        Self { no_scripts: true, ..self }
    }

    /// The modules that are served or called, each once.
    pub fn modules(&self) -> Vec<&str> {
        let mut modules: Vec<&str> = Vec::new();
        for module in self.server.modules.iter().chain(&self.client.modules) {
            if !modules.contains(&module.as_str()) {
                modules.push(module);
            }
        }
        modules
    }

    /// The rules, in order: each is one argument of `ACL SETUSER`. They take from the user whatever it could do before, but for its
    /// passwords.
    pub fn rules(&self) -> Vec<String> {
        let mut rules: Vec<String> =
            ["on", "resetkeys", "resetchannels", "clearselectors", "-@all"].map(str::to_owned).into();
        rules.extend(CONNECTION.map(str::to_owned));
        rules.extend(self.server_selectors());
        rules.extend(self.client_selectors());
        rules
    }

    /// `user NAME …`, a line of a file of users (`aclfile`) or of `redis.conf`.
    pub fn line(&self, user: &str) -> String {
        format!("user {user} {}", self.rules().join(" "))
    }

    fn server_selectors(&self) -> Vec<String> {
        let Names { modules, queues, events } = &self.server;
        if modules.is_empty() {
            return Vec::new();
        }
        let mut requests = queues.clone();
        requests.extend(modules.iter().map(|module| instance_queues(module)));
        let mut selectors = vec![
            selector(self.pop(), "~", &requests),
            selector("+rpush +expire", "%W~", &self.replies()),
            selector("+zadd +zrem +zremrangebyscore +pexpire", "%W~", &each(modules, instances)),
            selector("+subscribe +unsubscribe", "&", &each(modules, cancellations)),
        ];
        if !events.is_empty() {
            selectors.push(selector("+publish", "&", events));
        }
        selectors
    }

    fn client_selectors(&self) -> Vec<String> {
        let Names { modules, queues, events } = &self.client;
        if modules.is_empty() {
            return Vec::new();
        }
        // A script may do what its user may, but its keys must be his to read and to write.
        let (scripts, keys) = if self.no_scripts { ("", "%W~") } else { (" +eval +llen +lpos +lrem", "~") };
        let mut selectors = vec![
            selector(self.pop(), "~", &self.replies()),
            selector(&format!("+rpush{scripts}"), keys, queues),
            selector(&format!("+rpush +expire{scripts}"), keys, &each(modules, instance_queues)),
            selector("+zrevrangebyscore", "%R~", &each(modules, instances)),
            selector("+publish", "&", &each(modules, cancellations)),
        ];
        if !events.is_empty() {
            selectors.push(selector("+subscribe +unsubscribe", "&", events));
        }
        selectors
    }

    fn pop(&self) -> &'static str {
        // The others pop one by one.
        if self.go_peers { "+blmpop +blpop" } else { "+blmpop" }
    }

    fn replies(&self) -> Vec<String> {
        let mut lists = vec![format!("zbus.inbox.{UUID}")];
        if self.go_peers {
            lists.push(UUID.to_owned());
        }
        lists
    }
}

impl Names {
    fn add(&mut self, schema: &Schema) {
        for object in schema.objects.iter().filter(|object| schema[object.file].is_root) {
            let module = schema.module_of(object);
            if !self.modules.iter().any(|known| known == module) {
                self.modules.push(module.to_owned());
                self.queues.push(format!("{module}.zbus@1.0"));
            }
            let queue = format!("{module}.{}", object.bus_name());
            if self.queues.contains(&queue) {
                continue;
            }
            self.events.extend(object.streams.iter().map(|stream| format!("{queue}.{}", stream.wire_name)));
            self.queues.push(queue);
        }
    }
}

fn selector(commands: &str, prefix: &str, patterns: &[String]) -> String {
    let mut selector = format!("({commands}");
    for pattern in patterns {
        // Writing to a string does not fail.
        let _ = write!(selector, " {prefix}{pattern}");
    }
    selector + ")"
}

fn each(modules: &[String], name: fn(&str) -> String) -> Vec<String> {
    modules.iter().map(|module| name(module)).collect()
}

fn instances(module: &str) -> String {
    format!("zbus.instances.{module}")
}

fn instance_queues(module: &str) -> String {
    format!("zbus.instance.{module}.{UUID}")
}

fn cancellations(module: &str) -> String {
    format!("{module}.zbus@1.0.Cancel")
}

#[cfg(test)]
mod tests {
    use zbus_idl::MemoryLoader;

    use super::*;

    fn schema() -> Schema {
        let calc = "module calc; import \"log.zbus\"; object a@1.0 { fn F(); stream S -> u8; } object b { fn F(); }";
        let log = "module log; object log { fn Write(); }";
        let loader = MemoryLoader::new().with("calc.zbus", calc).with("log.zbus", log);
        zbus_idl::compile(&["calc.zbus"], &loader).unwrap()
    }

    #[test]
    fn a_server_pops_what_a_client_pushes_and_nobody_has_what_is_imported_alone() {
        let (server, client) = (Rights::new().server(&schema()), Rights::new().client(&schema()));
        let queues = "~calc.zbus@1.0 ~calc.a@1.0 ~calc.b";
        let (served, called) = (server.line("calc"), client.line("web"));
        assert!(served.contains(&format!("(+blmpop {queues} ~zbus.instance.calc.{UUID})")), "{served}");
        assert!(called.contains(&format!("(+rpush +eval +llen +lpos +lrem {queues})")), "{called}");
        assert!(
            served.contains("(+publish &calc.a@1.0.S)") && called.contains("(+subscribe +unsubscribe &calc.a@1.0.S)")
        );
        assert!(served.starts_with("user calc on resetkeys resetchannels clearselectors -@all +ping "), "{served}");
        assert!(![&served, &called].into_iter().any(|line| line.contains("log") || line.contains("blpop")));
        assert!(!served.contains("eval") && !client.no_scripts().line("web").contains("eval"));
    }

    #[test]
    fn who_does_nothing_has_no_keys_and_no_channels() {
        let rules = Rights::new().rules();
        assert!(!rules.iter().any(|rule| rule.contains(['~', '&', '('])), "{rules:?}");
    }

    #[test]
    fn the_files_of_one_module_are_one_module() {
        let rights = Rights::new().server(&schema()).server(&schema()).client(&schema());
        assert_eq!(rights.modules(), ["calc"]);
        assert_eq!(rights.line("u").matches("~calc.b").count(), 2);
    }
}
