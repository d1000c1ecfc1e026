//! A file's module: its constants, types and objects in the order of the text, printed.

use proc_macro2::TokenStream;
use quote::quote;
use zbus_idl::contract::{Contract, Contracts};
use zbus_idl::schema::{ConstId, File, ObjectId, Schema, TypeId, TypeKind};

use super::derives::Derives;
use super::docs::Declared;
use super::imports::Imports;
use super::names::Names;
use super::places::Place;
use super::settings::{Choice, Settings};
use super::texts::Texts;
use super::types::{SeenFrom, Types};
use super::{Options, consts, docs, enums, errors, objects, print, structs, threads, unions};
use crate::error::Error;
use crate::output::GeneratedFile;

/// Includes every other file.
pub(crate) const ALL: &str = "zbus_schemas";

/// Names the schemas that there are, so that `zbus::include_schema!` can refuse another name.
pub(crate) const STEMS: &str = "zbus_stems";

/// So few that several threads come out even, and enough that it is no work to share them.
const PARTS_OF_A_UNIT: usize = 16;

/// What templates ask for. Each thread has its own, since no two can share an identifier.
struct Backend<'a> {
    schema: &'a Schema,
    options: &'a Options,
    contracts: &'a [Contract<'a>],
    names: Names,
    settings: Settings,
    derives: Derives,
    declared: Declared,
    /// Texts stand as they are; for tests: the printer gets them all.
    is_direct: bool,
}

/// A declaration of a file, or what is made of several.
#[derive(Clone, Copy)]
enum Part {
    Const(ConstId),
    Type(TypeId),
    Object(ObjectId),
    Blocking,
}

/// Some parts of a file, which are printed at once.
struct Unit {
    /// The position of the file in the schema.
    file: usize,
    parts: Vec<Part>,
}

/// A unit as text.
struct Printed {
    imports: Imports,
    items: String,
}

pub(super) fn files(schema: &Schema, options: &Options) -> Result<Vec<GeneratedFile>, Error> {
    written(schema, options, true)
}

fn written(schema: &Schema, options: &Options, is_direct: bool) -> Result<Vec<GeneratedFile>, Error> {
    let contracts = Contracts::new(schema);
    let contracts: Vec<_> = contracts.iter().collect();
    let backend = Backend::new(schema, options, &contracts, is_direct)?;
    let mut files = Vec::with_capacity(schema.files.len());
    let mut units = Vec::new();
    for (at, file) in schema.files.iter().enumerate() {
        if [ALL, STEMS].contains(&file.stem.as_str()) {
            return Err(Error::unsupported(format!(
                "{}: a schema cannot be called {}, which is the name of a file that is generated beside all schemas; rename it",
                file.path, file.stem
            )));
        }
        if !backend.settings.is_generated(at) {
            continue;
        }
        let texts = backend.texts(at);
        file.consts.iter().try_for_each(|id| consts::check(backend.types(at, &texts), *id, options.spelling))?;
        files.push(at);
        units
            .extend(parts(file, options).chunks(PARTS_OF_A_UNIT).map(|parts| Unit { file: at, parts: parts.to_vec() }));
    }
    // What was made once can be made again.
    let another = || Backend::new(schema, options, &contracts, is_direct).ok();
    let printed = threads::in_order(&units, &backend, another, Backend::unit);
    let printed = printed.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut generated = Vec::with_capacity(files.len() + 2);
    for &at in &files {
        let printed = units.iter().zip(&printed).filter(|(unit, _)| unit.file == at).map(|(_, printed)| printed);
        let file = &schema.files[at];
        let content = backend.file(at, &printed.collect::<Vec<_>>())?;
        generated.push(GeneratedFile { name: format!("{}.rs", file.stem), content });
    }
    let stems: Vec<_> = files.iter().map(|at| schema.files[*at].stem.as_str()).collect();
    generated.extend(indexes(&stems));
    Ok(generated)
}

fn parts(file: &File, options: &Options) -> Vec<Part> {
    let consts = file.consts.iter().copied().map(Part::Const);
    let types = file.types.iter().copied().map(Part::Type);
    let objects = file.objects.iter().copied().map(Part::Object);
    let blocking = (options.blocking && !file.objects.is_empty()).then_some(Part::Blocking);
    consts.chain(types).chain(objects).chain(blocking).collect()
}

impl<'a> Backend<'a> {
    fn new(
        schema: &'a Schema,
        options: &'a Options,
        contracts: &'a [Contract<'a>],
        is_direct: bool,
    ) -> Result<Self, Error> {
        let settings = Settings::new(schema, options)?;
        let derives = Derives::new(schema, &settings);
        let declared = Declared::new(schema, options);
        Ok(Self { schema, options, contracts, names: Names::new(schema), settings, derives, declared, is_direct })
    }

    /// Of some items of a file.
    fn texts(&self, file: usize) -> Texts {
        Texts::new(self.names.scope(file), self.is_direct && self.settings.is_plain())
    }

    /// The types as seen from a file.
    fn types<'t>(&'t self, file: usize, texts: &'t Texts) -> Types<'t> {
        let Self { schema, names, derives, settings, declared, .. } = self;
        let choice = Choice::default();
        Types { schema, names, derives, settings, declared, texts, file, seen_from: SeenFrom::Module, choice }
    }

    fn unit(&self, unit: &Unit) -> Result<Printed, Error> {
        let texts = self.texts(unit.file);
        let types = self.types(unit.file, &texts);
        let items = unit.parts.iter().map(|part| match *part {
            Part::Const(id) => consts::constant(types, id),
            Part::Type(id) => type_def(types, id),
            Part::Object(id) => objects::object(types, id, self.contracts, self.options),
            Part::Blocking => {
                objects::blocking(types, &self.schema.files[unit.file].objects, self.contracts, self.options)
            }
        });
        let items = items.collect();
        let (items, imports) = texts.printed(items)?;
        Ok(Printed { imports, items })
    }

    fn file(&self, at: usize, printed: &[&Printed]) -> Result<String, Error> {
        let file = &self.schema.files[at];
        let texts = self.texts(at);
        let parent = Types { seen_from: SeenFrom::Parent, ..self.types(at, &texts) };
        let docs =
            docs::docs(parent, &file.docs, || format!("What {} declares.", docs::code(&format!("{}.zbus", file.stem))));
        let name = self.names.module(at);
        let mut imports = Imports::default();
        for printed in printed {
            imports.add(&printed.imports);
        }
        let imports = imports.lines();
        // Names, documentation and sizes come from the schema, and a program uses what it needs of it: nobody here could follow a lint about
        // them. So it is with a link to what a crate that re-exports a part of the module keeps private. Of clippy's `restriction`, those
        // about the looks of code. Other lints about documentation stay, and those about unsafe code, panics and lost results.
        let zbus = self.settings.zbus();
        let head = quote! {
            #docs
            #[allow(
                clippy::all,
                clippy::pedantic,
                clippy::nursery,
                clippy::absolute_paths,
                clippy::allow_attributes,
                clippy::allow_attributes_without_reason,
                clippy::empty_structs_with_brackets,
                clippy::let_underscore_untyped,
                clippy::multiple_inherent_impl,
                clippy::same_name_method,
                clippy::shadow_unrelated,
                clippy::use_debug,
                dead_code,
                deprecated,
                rustdoc::private_intra_doc_links,
                unreachable_pub,
                unused_qualifications
            )]
            pub mod #name {
                #zbus
                #imports
            }
        };
        let items: Vec<_> = printed.iter().map(|printed| printed.items.as_str()).collect();
        Ok(format!("{}{}", header(file), print::module(head, &items)?))
    }
}

fn header(file: &File) -> String {
    // The path would differ from one machine to the next.
    format!("// Generated by zbus-build from {}.zbus; edits are lost at the next build.\n\n", file.stem)
}

fn type_def(types: Types<'_>, id: TypeId) -> TokenStream {
    let def = &types.schema[id];
    if types.settings.extern_type(id).is_some() {
        return TokenStream::new();
    }
    match &def.kind {
        TypeKind::Alias(target) => {
            let docs = docs::docs(types, &def.docs, || format!("The type {}.", docs::code(&def.name)));
            let deprecated = docs::deprecated(def.deprecated.as_deref());
            let name = types.names.of_type(id);
            let target = types.at(Place::Type(id)).owned(target);
            quote! {
                #docs
                #deprecated
                pub type #name = #target;
            }
        }
        TypeKind::Struct(structure) => structs::structure(types, id, structure),
        TypeKind::Enum(enumeration) => enums::enumeration(types, id, enumeration),
        TypeKind::Union(union) => unions::union(types, id, union),
        TypeKind::Error(error) => errors::error(types, id, error),
    }
}

/// The files of all schemas together, for those of these stems.
pub(crate) fn indexes(stems: &[&str]) -> [GeneratedFile; 2] {
    [all(stems), self::stems(stems)]
}

/// The stems of which a `zbus_schemas.rs` includes the code.
pub(crate) fn included(all: &str) -> impl Iterator<Item = &str> {
    all.lines().filter_map(|line| line.strip_prefix("::core::include!(\"")?.strip_suffix(".rs\");"))
}

/// What stands at the head of the files that are of no one schema.
const HEADER: &str = "// Generated by zbus-build; edits are lost at the next build.\n\n";

fn all(stems: &[&str]) -> GeneratedFile {
    // A path in `include!` starts at the file that it stands in.
    let includes = stems.iter().map(|stem| format!("::core::include!(\"{stem}.rs\");\n"));
    GeneratedFile { name: format!("{ALL}.rs"), content: std::iter::once(HEADER.to_owned()).chain(includes).collect() }
}

/// A macro that is nothing for a name that there is, and an error for another. A missing file alone would say no more than that.
fn stems(stems: &[&str]) -> GeneratedFile {
    let arms: Vec<_> = stems.iter().map(|stem| format!("    (\"{stem}\") => {{}};\n")).collect();
    let arms = arms.concat();
    let listed: Vec<_> = stems.iter().map(|stem| format!("`{stem}`")).collect();
    let listed = listed.join(", ");
    let content = format!(
        "{HEADER}macro_rules! {STEMS} {{\n{arms}    ($stem:tt) => {{\n        ::core::compile_error!(::core::concat!(\n            \
         \"the build script has compiled no schema of the name \",\n            ::core::stringify!($stem),\n            \
         \"; there are: {listed}\"\n        ));\n    }};\n}}\n"
    );
    GeneratedFile { name: format!("{STEMS}.rs"), content }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::fs;
    use std::path::Path;

    use zbus_idl::MemoryLoader;

    use super::*;

    /// Texts that stand as they are, and all of them by the printer, come to the same.
    fn assert_texts_are_as_printed(schema: &Schema, options: &Options) {
        let (direct, printed) = (written(schema, options, true).unwrap(), written(schema, options, false).unwrap());
        for (direct, printed) in direct.iter().zip(&printed) {
            let lines = direct.content.lines().zip(printed.content.lines());
            for (number, (direct_line, printed_line)) in lines.enumerate() {
                assert_eq!(direct_line, printed_line, "{}, line {}", direct.name, number + 1);
            }
            assert_eq!(direct.content.lines().count(), printed.content.lines().count(), "{}", direct.name);
        }
    }

    #[test]
    fn texts_of_the_goldens_are_as_printed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let (mut loader, mut roots) = (MemoryLoader::new(), Vec::new());
        for path in ["", "common"].iter().flat_map(|folder_of| fs::read_dir(folder.join(folder_of)).unwrap()) {
            let path = path.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "zbus") {
                let name = path.strip_prefix(&folder).unwrap().to_string_lossy().into_owned();
                loader = loader.with(&name, fs::read_to_string(&path).unwrap());
                roots.push(name);
            }
        }
        let roots: Vec<_> = roots.iter().map(String::as_str).collect();
        let schema = zbus_idl::compile(&roots, &loader).unwrap();
        assert_texts_are_as_printed(&schema, &Options { blocking: true, ..Options::default() });
    }

    #[test]
    fn texts_of_names_of_every_length_are_as_printed() {
        let mut text = "module m;\nerror Failed { Because { Why: string } }\n".to_owned();
        for length in 1..75 {
            let name = "n".repeat(length);
            let times = if length % 8 == 0 { "A: timestamp?, C: [duration], D: ip" } else { "A: u8" };
            writeln!(
                text,
                "struct S{length}{name} {{ {name}: string, @deprecated(\"{name}\") b: map<string, [bytes]>, {times} }}
                @deprecated(\"{name}\")
                object o{length}{name}@1.0 {{
                    /// {name}
                    fn {name}(a: S{length}{name}, {name}: string?) -> u8;
                    fn a{name}();
                    fn b{name}(values: ...f64) -> f64;
                    fn c{name}() -> (a: [bytes], {name}: S{length}{name});
                    oneway fn d{name}({name}: any);
                    @timeout(1500ms) @idempotent fn e{name}({name}: duration);
                    @timeout(2s) fn f{name}() throws;
                    @uninterruptible fn g{name}({name}: [string]) -> u8 throws;
                    fn h{name}() -> (a: u8, b: string) throws Failed;
                    @deprecated(\"it is\") fn i{name}() throws Failed;
                    fn j{name}(a: bytes?, b: [S{length}{name}]) -> S{length}{name} throws Failed;
                    stream k{name} -> u8;
                }}"
            )
            .unwrap();
        }
        let schema = zbus_idl::compile(&["m.zbus"], &MemoryLoader::new().with("m.zbus", text)).unwrap();
        assert_texts_are_as_printed(&schema, &Options::default());
    }
}
