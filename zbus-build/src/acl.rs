//! The rights of a user of Redis (or Valkey) that serves or calls what schemas declare: those that the runtime needs, and no others.
//!
//! ```no_run
//! use zbus_build::acl::Rights;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (calc, storage): (zbus_idl::Schema, zbus_idl::Schema) = unimplemented!();
//! // A process that serves one module and calls another.
//! let rights = Rights::new().server(&calc).client(&storage);
//! println!("{}", rights.line("calcd")?);
//! # Ok(())
//! # }
//! ```
//!
//! Redis allows a command if one group of rules allows the command and everything that it touches. So a user that may push to one queue
//! and pop from another cannot pop from the first. Such groups, Redis' selectors, exist since Redis 7.0.

use std::fmt::Write as _;

use zbus_idl::Schema;

use crate::error::Error;

/// What a UUID looks like in a pattern.
const UUID: &str = "????????-????-????-????-????????????";

/// What every connection needs, none of which touches a key: it checks that the broker works and has not restarted, reads its clock, ends
/// a pop, chooses a database.
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

/// The names of modules in Redis, escaped for a pattern.
#[derive(Clone, Debug, Default)]
struct Names {
    modules: Vec<String>,
    /// The lists of requests; the first of each module is the one of its status.
    queues: Vec<String>,
    /// The channels of the events.
    events: Vec<String>,
    /// The first name that no rule can hold.
    refused: Option<String>,
}

impl Rights {
    /// Only what every connection needs.
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

    /// For a bus that programs on Go's zbus or on rbus use too: their replies go to lists that are named by a bare UUID. Such a program
    /// may also be the user.
    pub fn go_peers(self) -> Self {
        Self { go_peers: true, ..self }
    }

    /// The client may not run scripts, since a script can block Redis. The client then withdraws no requests, and its calls cannot have a
    /// queue limit.
    pub fn no_scripts(self) -> Self {
        Self { no_scripts: true, ..self }
    }

    /// The modules that the user serves or calls, each once.
    pub fn modules(&self) -> Vec<&str> {
        let mut modules: Vec<&str> = Vec::new();
        for module in self.server.modules.iter().chain(&self.client.modules) {
            if !modules.contains(&module.as_str()) {
                modules.push(module);
            }
        }
        modules
    }

    /// The rules, in order: each is one argument of `ACL SETUSER`. They first take every right from the user; its passwords stay.
    ///
    /// # Errors
    /// A name in a schema cannot stand in a rule: the error names it. The wire name of a stream can be any text, and Redis takes blanks,
    /// quotes and parentheses for parts of the rule itself. The wildcards `*`, `?`, `[` and `\` are escaped, not refused.
    pub fn rules(&self) -> Result<Vec<String>, Error> {
        if let Some(why) = [&self.server, &self.client].into_iter().find_map(|names| names.refused.as_ref()) {
            return Err(Error::unsupported(why.clone()));
        }
        let mut rules: Vec<String> =
            ["on", "resetkeys", "resetchannels", "clearselectors", "-@all"].map(str::to_owned).into();
        rules.extend(CONNECTION.map(str::to_owned));
        rules.extend(self.server_selectors());
        rules.extend(self.client_selectors());
        Ok(rules)
    }

    /// `user NAME …`, a line of a file of users (`aclfile`) or of `redis.conf`.
    ///
    /// # Errors
    /// Those of [`rules`](Self::rules); and a name that such a line cannot hold.
    pub fn line(&self, user: &str) -> Result<String, Error> {
        match user.chars().find(|character| !is_of_a_rule(*character)) {
            _ if user.is_empty() => Err(Error::option("the name of the user is empty".to_owned())),
            Some(character) => Err(Error::option(format!(
                "`{}` cannot be the name of a user: Redis cannot read {} in it",
                user.escape_debug(),
                described(character)
            ))),
            None => Ok(format!("user {user} {}", self.rules()?.join(" "))),
        }
    }

    fn server_selectors(&self) -> Vec<String> {
        let Names { modules, queues, events, .. } = &self.server;
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
        let Names { modules, queues, events, .. } = &self.client;
        if modules.is_empty() {
            return Vec::new();
        }
        // A script may do what its user may, but needs the right to read and to write its keys.
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
        // Go's and rbus' programs pop from one list at a time.
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
            let written = self.pattern(module, || format!("the module `{}`", module.escape_debug()));
            if !self.modules.contains(&written) {
                self.queues.push(format!("{written}.zbus@1.0"));
                self.modules.push(written);
            }
            let name = format!("{module}.{}", object.bus_name());
            let queue = self.pattern(&name, || format!("the object `{}`", name.escape_debug()));
            if self.queues.contains(&queue) {
                continue;
            }
            for stream in &object.streams {
                let (stream, wire) = (&stream.name, &stream.wire_name);
                let written = self.pattern(wire, || {
                    let (name, wire) = (name.escape_debug(), wire.escape_debug());
                    format!("the stream `{stream}` of `{name}`, whose name on the bus is \"{wire}\",")
                });
                self.events.push(format!("{queue}.{written}"));
            }
            self.queues.push(queue);
        }
    }

    /// A name as a pattern that matches it alone. One that no rule can hold is kept as the reason to refuse.
    fn pattern(&mut self, name: &str, what: impl Fn() -> String) -> String {
        if let Some(character) = name.chars().find(|character| !is_of_a_rule(*character)) {
            self.refused.get_or_insert_with(|| {
                format!(
                    "{} cannot stand in a rule of Redis' access control, because of {}; give it another name with `@wire(\"…\")`",
                    what(),
                    described(character)
                )
            });
        }
        let mut pattern = String::with_capacity(name.len());
        for character in name.chars() {
            if "*?[\\".contains(character) {
                pattern.push('\\');
            }
            pattern.push(character);
        }
        pattern
    }
}

/// A rule can hold it. Redis cuts a line into rules at blanks, takes a parenthesis for the end of a selector and reads what is in a
/// selector, and in `redis.conf` the whole line, with quotes. What people cannot see has no place in rules that they are to review.
fn is_of_a_rule(character: char) -> bool {
    let is_unseen =
        matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !(character.is_whitespace() || character.is_control() || is_unseen || "()\"'".contains(character))
}

fn described(character: char) -> String {
    match character {
        ' ' => "a blank".to_owned(),
        '\n' | '\r' => "a line break".to_owned(),
        character if character.is_ascii_punctuation() => format!("the character `{character}`"),
        character => format!("the character U+{:04X}", u32::from(character)),
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
        let (served, called) = (server.line("calc").unwrap(), client.line("web").unwrap());
        assert!(served.contains(&format!("(+blmpop {queues} ~zbus.instance.calc.{UUID})")), "{served}");
        assert!(called.contains(&format!("(+rpush +eval +llen +lpos +lrem {queues})")), "{called}");
        assert!(
            served.contains("(+publish &calc.a@1.0.S)") && called.contains("(+subscribe +unsubscribe &calc.a@1.0.S)")
        );
        assert!(served.starts_with("user calc on resetkeys resetchannels clearselectors -@all +ping "), "{served}");
        assert!(![&served, &called].into_iter().any(|line| line.contains("log") || line.contains("blpop")));
        assert!(!served.contains("eval") && !client.no_scripts().line("web").unwrap().contains("eval"));
    }

    #[test]
    fn user_of_no_schema_has_no_keys_and_no_channels() {
        let rules = Rights::new().rules().unwrap();
        assert!(!rules.iter().any(|rule| rule.contains(['~', '&', '('])), "{rules:?}");
    }

    #[test]
    fn the_files_of_one_module_are_one_module() {
        let rights = Rights::new().server(&schema()).server(&schema()).client(&schema());
        assert_eq!(rights.modules(), ["calc"]);
        assert_eq!(rights.line("u").unwrap().matches("~calc.b").count(), 2);
    }
    /// The schema of an object with one stream of this wire name, written as in a schema.
    fn of_stream(wire: &str) -> Schema {
        let text = format!("module m; object o@1.0 {{ @wire(\"{wire}\") stream Seen -> u8; }}");
        zbus_idl::compile(&["m.zbus"], &MemoryLoader::new().with("m.zbus", text)).unwrap()
    }

    #[test]
    fn wildcards_in_a_name_are_escaped() {
        let line = Rights::new().client(&of_stream(r"a*b?c[d]\\")).line("u").unwrap();
        assert!(line.ends_with(r"(+subscribe +unsubscribe &m.o@1.0.a\*b\?c\[d]\\)"), "{line}");
    }

    #[test]
    fn name_that_no_rule_can_hold_is_refused_by_name() {
        for (wire, why) in [
            (r"X)\nuser evil on nopass ~* &* +@all (+ping", "the character `)`"),
            ("a b", "a blank"),
            (r"a\nb", "a line break"),
            (r"a\tb", "the character U+0009"),
            (r"a\u{a0}b", "the character U+00A0"),
            (r"a\u{1b}[31m", "the character U+001B"),
            (r"a\u{202e}b", "the character U+202E"),
            (r#"a\"b"#, "the character `\"`"),
            ("a'b", "the character `'`"),
            ("(a", "the character `(`"),
        ] {
            let schema = of_stream(wire);
            for rights in [Rights::new().server(&schema), Rights::new().client(&schema)] {
                let error = rights.line("u").unwrap_err().to_string();
                assert!(error.starts_with("the stream `Seen` of `m.o@1.0`, whose name on the bus is"), "{error}");
                assert!(error.contains(&format!("because of {why};")) && !error.contains(['\n', '\u{1b}']), "{error}");
            }
        }
        assert!(Rights::new().line("a\nuser evil").is_err() && Rights::new().line("").is_err());
    }
}
