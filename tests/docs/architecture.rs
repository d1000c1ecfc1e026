//! The arrows of `docs/architecture.md`: which part of a crate may use which. Read from the sources, without their tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// A module's path within its crate: `["broker", "redis"]`.
type Module = Vec<String>;

/// Which modules of a crate a file uses.
type Uses = BTreeMap<Module, BTreeSet<Module>>;

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn module_of(root: &Path, file: &Path) -> Module {
    let path = file.strip_prefix(root).unwrap().with_extension("");
    let mut names: Module = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
    if names.last().is_some_and(|name| name == "mod" || name == "lib") {
        names.pop();
    }
    names
}

/// Whether an item is there for tests alone.
fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition == "test" || condition.contains("(test") && !condition.contains("not")
        }
        _ => false,
    })
}

struct Reader<'a> {
    modules: &'a BTreeSet<Module>,
    here: Module,
    uses: BTreeSet<Module>,
}

impl Reader<'_> {
    /// Notes the deepest module that a path names.
    fn path(&mut self, names: &[String]) {
        let (first, rest) = match names.split_first() {
            Some((first, rest)) => (first.as_str(), rest),
            None => return,
        };
        let mut target = match first {
            "crate" => Module::new(),
            "self" => self.here.clone(),
            "super" => self.here.split_last().map(|(_, parent)| parent.to_vec()).unwrap_or_default(),
            _ => return,
        };
        for name in rest {
            if name == "super" {
                target.pop();
                continue;
            }
            let mut deeper = target.clone();
            deeper.push(name.clone());
            if !self.modules.contains(&deeper) {
                break;
            }
            target = deeper;
        }
        if target != self.here {
            self.uses.insert(target);
        }
    }

    fn tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let mut names = before.to_vec();
        match tree {
            syn::UseTree::Path(path) => {
                names.push(path.ident.to_string());
                self.tree(&names, &path.tree);
            }
            syn::UseTree::Name(name) => {
                names.push(name.ident.to_string());
                self.path(&names);
            }
            syn::UseTree::Rename(name) => {
                names.push(name.ident.to_string());
                self.path(&names);
            }
            syn::UseTree::Glob(_) => self.path(&names),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(before, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_test(&item.attrs) {
            syn::visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // A public `use` hands on what it names; the module itself does not lean on it.
        if !is_test(&item.attrs) && !matches!(item.vis, syn::Visibility::Public(_)) {
            self.tree(&[], &item.tree);
        }
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(super)` names no use.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.path(&names);
        syn::visit::visit_path(self, path);
    }
}

/// What each module of a crate uses, without the modules that are there for tests alone.
fn uses(krate: &str) -> Uses {
    let root = workspace().join(krate).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    files.retain(|file| !file.starts_with(root.join("bin")));
    let mut parsed = BTreeMap::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let file_parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        parsed.insert(module_of(&root, file), file_parsed);
    }
    let mut tests = Vec::new();
    for (module, file) in &parsed {
        for item in &file.items {
            if let syn::Item::Mod(item) = item
                && is_test(&item.attrs)
            {
                tests.push([module.as_slice(), &[item.ident.to_string()]].concat());
            }
        }
    }
    parsed.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
    let modules: BTreeSet<_> = parsed.keys().cloned().collect();
    let read = |(here, file): (Module, syn::File)| {
        let mut reader = Reader { modules: &modules, here: here.clone(), uses: BTreeSet::new() };
        reader.visit_file(&file);
        (here, reader.uses)
    };
    parsed.into_iter().map(read).collect()
}

/// The uses among the modules of one folder, each with its whole content: who, whom, and one example.
fn siblings(uses: &Uses, folder: &[String]) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for (user, used) in uses {
        for used in used {
            if let (Some([from, ..]), Some([to, ..])) = (user.strip_prefix(folder), used.strip_prefix(folder))
                && from != to
            {
                found
                    .entry((from.clone(), to.clone()))
                    .or_insert_with(|| format!("{} uses {}", user.join("::"), used.join("::")));
            }
        }
    }
    found
}

/// A circle among these arrows, as the examples along it.
fn circle(arrows: &BTreeMap<(String, String), String>) -> Option<Vec<String>> {
    fn follow(arrows: &BTreeMap<(String, String), String>, trail: &mut Vec<String>) -> Option<Vec<String>> {
        let here = trail.last().unwrap().clone();
        for (_, to) in arrows.keys().filter(|(from, _)| *from == here) {
            if let Some(start) = trail.iter().position(|name| name == to) {
                let mut names = trail[start..].to_vec();
                names.push(to.clone());
                return Some(
                    names.windows(2).map(|pair| arrows[&(pair[0].clone(), pair[1].clone())].clone()).collect(),
                );
            }
            trail.push(to.clone());
            if let Some(found) = follow(arrows, trail) {
                return Some(found);
            }
            trail.pop();
        }
        None
    }
    let names: BTreeSet<_> = arrows.keys().map(|(from, _)| from.clone()).collect();
    names.into_iter().find_map(|name| follow(arrows, &mut vec![name]))
}

fn folders(uses: &Uses) -> BTreeSet<Module> {
    uses.keys().flat_map(|module| (0..module.len()).map(|depth| module[..depth].to_vec())).collect()
}

#[test]
fn no_folder_of_the_runtime_has_a_circle() {
    let uses = uses("zbus");
    let mut found = Vec::new();
    for folder in folders(&uses) {
        if let Some(circle) = circle(&siblings(&uses, &folder)) {
            found.push(format!(
                "in {}: {}",
                if folder.is_empty() { "zbus".to_owned() } else { folder.join("::") },
                circle.join(", ")
            ));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The parts of the runtime, from the bottom up: none uses one of a later line.
const LAYERS: [&[&str]; 8] = [
    &[
        "backoff",
        "causes",
        "lag",
        "log_limit",
        "macros",
        "object_id",
        "rejection_kind",
        "scheduling",
        "telemetry",
        "unix_time",
    ],
    &["any_value", "drops", "failure", "types", "wire", "untyped", "status"],
    &["broker", "context"],
    &["clock", "error", "outbox", "stream"],
    &["client", "server"],
    &["blocking"],
    &["codegen"],
    &["testing"],
];

#[test]
fn no_arrow_of_the_runtime_runs_upward() {
    let layer = |name: &str| {
        let found = LAYERS.iter().position(|layer| layer.contains(&name));
        found
            .unwrap_or_else(|| panic!("`{name}` is in no layer: give it a place in LAYERS and in docs/architecture.md"))
    };
    for ((from, to), example) in siblings(&uses("zbus"), &[]) {
        assert!(layer(&from) >= layer(&to), "{from} is below {to}: {example}");
    }
}

#[test]
fn the_redis_client_knows_nothing_of_the_bus() {
    let client = ["broker", "redis", "client"].map(str::to_owned);
    for (module, used) in uses("zbus").iter().filter(|(module, _)| module.starts_with(&client)) {
        for used in used {
            let allowed =
                used.starts_with(&client) || ["backoff", "scheduling"].map(str::to_owned).contains(&used.concat());
            assert!(allowed, "{} uses {}", module.join("::"), used.join("::"));
        }
    }
}

#[test]
fn client_and_server_do_not_know_each_other() {
    let uses = uses("zbus");
    let arrows = siblings(&uses, &[]);
    for (from, to) in [("client", "server"), ("server", "client")] {
        let found = arrows.get(&(from.to_owned(), to.to_owned()));
        assert!(found.is_none(), "{found:?}");
    }
}

#[test]
fn the_compiler_and_the_runtime_do_not_know_each_other() {
    for (krate, others) in [("zbus", ["zbus_idl", "zbus_build"]), ("zbus-idl", ["zbus", "zbus_build"])] {
        let manifest = fs::read_to_string(workspace().join(krate).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap();
        for other in others {
            let name = other.replace('_', "-");
            let is_named = dependencies.lines().any(|line| line.split(['=', '.', ' ']).next() == Some(name.as_str()));
            assert!(!is_named, "{krate} depends on {name}");
        }
    }
}
