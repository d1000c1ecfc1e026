//! The options, resolved against a schema: what each says of which place. Every selector has matched something, and every text has
//! been read, once there are settings; templates ask by id.

use std::collections::{HashMap, HashSet};

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Token};
use zbus_idl::schema::{ObjectId, Schema, Type, TypeId, TypeKind};

use super::places::{Located, Place, holds, places};
use super::selector::Selector;
use super::{BytesType, MapType, Options, TimeType};
use crate::error::Error;

/// How the types of one place are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Choice {
    pub(super) map: MapType,
    pub(super) bytes: BytesType,
    pub(super) time: TimeType,
}

#[derive(Default)]
pub(super) struct Settings {
    attributes: HashMap<Place, Vec<Attribute>>,
    choices: HashMap<Place, Choice>,
    extern_types: HashMap<TypeId, syn::TypePath>,
    extern_files: HashMap<usize, syn::Path>,
    /// The files that become modules of this build.
    generated: HashSet<usize>,
    /// The objects of which a server need not implement every method.
    optional: HashSet<ObjectId>,
    /// The path of the crate `zbus`, if it has another name.
    zbus: Option<syn::Path>,
}

impl Settings {
    pub(super) fn new(schema: &Schema, options: &Options) -> Result<Self, Error> {
        let places = places(schema);
        let mut settings = Self::default();
        settings.take_extern_schemas(schema, options)?;
        settings.take_extern_types(schema, &places, options)?;
        settings.take_attributes(schema, &places, options)?;
        settings.take_optional_methods(schema, options)?;
        settings.take_zbus_path(options)?;
        settings.take_choices(&places, options)?;
        Ok(settings)
    }

    /// This file becomes a module of this build.
    pub(super) fn is_generated(&self, file: usize) -> bool {
        self.generated.contains(&file)
    }

    /// No Rust of the user's stands in the code.
    pub(super) fn is_plain(&self) -> bool {
        self.attributes.is_empty() && self.extern_types.is_empty() && self.extern_files.is_empty()
    }

    /// The Rust type that stands for this one.
    pub(super) fn extern_type(&self, id: TypeId) -> Option<&syn::TypePath> {
        self.extern_types.get(&id)
    }

    /// The module, of another crate as a rule, that this file is in.
    pub(super) fn extern_module(&self, file: usize) -> Option<&syn::Path> {
        self.extern_files.get(&file)
    }

    /// A server need not implement every method of the object.
    pub(super) fn has_optional_methods(&self, id: ObjectId) -> bool {
        self.optional.contains(&id)
    }

    /// What brings the crate `zbus` into a module by this name, if it has another.
    pub(super) fn zbus(&self) -> Option<TokenStream> {
        self.zbus.as_ref().map(|path| quote!(use #path as zbus;))
    }

    pub(super) fn choice(&self, place: Place) -> Choice {
        self.choices.get(&place).copied().unwrap_or_default()
    }

    /// The attributes of a member.
    pub(super) fn of_member(&self, place: Place) -> TokenStream {
        self.attributes.get(&place).into_iter().flatten().map(ToTokens::to_token_stream).collect()
    }

    /// The attributes of a type that has these traits already: deriving one of them again would be an error.
    pub(super) fn of_type(&self, id: TypeId, traits: &[&str]) -> TokenStream {
        let attributes = self.attributes.get(&Place::Type(id)).into_iter().flatten();
        attributes.map(|attribute| without(attribute, traits)).collect()
    }

    /// The place stands in code, here or in another crate whose types are used here.
    fn is_written(&self, located: &Located<'_>) -> bool {
        match located.place {
            Place::Type(id) | Place::Member(id, _) | Place::VariantField(id, ..) => self.extern_type(id).is_none(),
            Place::Const(_) | Place::Method(..) | Place::Stream(..) => self.is_generated(located.file.index()),
        }
    }

    fn take_extern_schemas(&mut self, schema: &Schema, options: &Options) -> Result<(), Error> {
        let mut external = Vec::new();
        for (text, module) in &options.extern_schemas {
            let selector = Selector::parse("extern_schema", text, options.spelling)?;
            let found = schema.files.iter().position(|file| !selector.has_any() && selector.matches(&[&file.stem]));
            let Some(at) = found else {
                let imported = schema.files.iter().filter(|file| !file.is_root);
                let stems: Vec<_> = imported.map(|file| vec![file.stem.as_str()]).collect();
                return Err(selector.unmatched("imported schema", &stems));
            };
            if schema.files[at].is_root {
                return Err(
                    selector.error("is for a schema that this build is told to compile; leave one of the two out")
                );
            }
            let path = syn::parse_str::<syn::Path>(module)
                .map_err(|_| selector.error(&format!("needs the path of a module, which `{module}` is not")))?;
            if self.extern_files.insert(at, path).is_some() {
                return Err(selector.error("stands twice; leave one out"));
            }
            external.push((at, selector));
        }
        // An alias of an external schema can stand for a type of what that one imports, which then needs a path here.
        for (at, selector) in external {
            let mut imports = schema.files[at].imports.iter().map(|id| id.index());
            if let Some(import) = imports.find(|at| !self.extern_files.contains_key(at)) {
                let stem = &schema.files[import].stem;
                return Err(selector.error(&format!(
                    "is for a schema that imports {stem}.zbus, whose types are another crate's then too; name `{stem}` as an \
                     `extern_schema` as well"
                )));
            }
        }
        self.generated = (0..schema.files.len()).filter(|at| !self.extern_files.contains_key(at)).collect();
        Ok(())
    }

    fn take_extern_types(&mut self, schema: &Schema, places: &[Located<'_>], options: &Options) -> Result<(), Error> {
        // Those of external schemas too: another crate may have replaced them.
        let candidates: Vec<_> = places
            .iter()
            .filter_map(|it| if let Place::Type(id) = it.place { Some((id, &it.path)) } else { None })
            .collect();
        for (text, path) in &options.extern_types {
            let selector = Selector::parse("extern_type", text, options.spelling)?;
            if selector.has_any() {
                return Err(selector.error("has to name one type; one Rust type cannot stand for several"));
            }
            let Some((id, _)) = candidates.iter().find(|(_, path)| selector.matches(path)) else {
                let paths: Vec<_> = candidates.iter().map(|(_, path)| (*path).clone()).collect();
                return Err(selector.unmatched("type", &paths));
            };
            if matches!(schema[*id].kind, TypeKind::Error(_)) {
                return Err(
                    selector.error("names an error, which no other type can stand for: its code is generated too")
                );
            }
            let path = syn::parse_str::<syn::TypePath>(path)
                .map_err(|_| selector.error(&format!("needs the path of a Rust type, which `{path}` is not")))?;
            if self.extern_types.insert(*id, path).is_some() {
                return Err(selector.error("stands twice; leave one out"));
            }
        }
        Ok(())
    }

    fn take_attributes(&mut self, schema: &Schema, places: &[Located<'_>], options: &Options) -> Result<(), Error> {
        let is_here = |id: TypeId| !self.extern_types.contains_key(&id) && self.is_generated(schema[id].file.index());
        // `type` can derive nothing.
        let is_alias = |id: TypeId| matches!(schema[id].kind, TypeKind::Alias(_));
        let types = |place| matches!(place, Place::Type(id) if is_here(id) && !is_alias(id));
        let members = |place| matches!(place, Place::Member(id, _) | Place::VariantField(id, ..) if is_here(id));
        let mut found = HashMap::<_, Vec<_>>::new();
        for (option, given, what, is_candidate) in [
            (
                "type_attribute",
                &options.type_attributes,
                "type that this build generates",
                &types as &dyn Fn(Place) -> bool,
            ),
            ("field_attribute", &options.field_attributes, "field, member, arm or variant of this build", &members),
        ] {
            for (text, attribute) in given {
                let selector = Selector::parse(option, text, options.spelling)?;
                let attributes = Attribute::parse_outer.parse_str(attribute).ok().filter(|found| !found.is_empty());
                let attributes = attributes.ok_or_else(|| {
                    selector.error(&format!("needs attributes such as `#[derive(Hash)]`, which `{attribute}` is not"))
                })?;
                let matching = matching(&selector, places, what, |it| is_candidate(it.place), Selector::matches)?;
                for place in matching {
                    found.entry(place).or_default().extend(attributes.iter().cloned());
                }
            }
        }
        self.attributes = found;
        Ok(())
    }

    fn take_optional_methods(&mut self, schema: &Schema, options: &Options) -> Result<(), Error> {
        let of_object = |id: ObjectId| vec![schema[schema[id].file].stem.as_str(), schema[id].type_name.as_str()];
        let is_here = |id: &ObjectId| self.is_generated(schema[*id].file.index());
        let objects: Vec<ObjectId> =
            schema.files.iter().flat_map(|file| file.objects.iter().copied()).filter(is_here).collect();
        for text in &options.optional_methods {
            let selector = Selector::parse("optional_methods", text, options.spelling)?;
            let matching: Vec<_> = objects.iter().filter(|id| selector.covers(&of_object(**id))).collect();
            if matching.is_empty() {
                let candidates: Vec<_> = objects.iter().map(|id| of_object(*id)).collect();
                return Err(selector.unmatched("object of this build, by the name of its trait", &candidates));
            }
            self.optional.extend(matching);
        }
        Ok(())
    }

    fn take_zbus_path(&mut self, options: &Options) -> Result<(), Error> {
        let Some(text) = &options.zbus_path else { return Ok(()) };
        let path = syn::parse_str::<syn::Path>(text).ok().filter(|path| {
            let first = path.segments.first().map(|segment| segment.ident.to_string());
            let is_relative = matches!(first.as_deref(), None | Some("self" | "super"));
            !is_relative && path.segments.iter().all(|segment| segment.arguments.is_none())
        });
        let Some(path) = path else {
            return Err(Error::option(format!(
                "{} needs the path of a crate, as in `::bus` or `crate::reexported::zbus`",
                options.spelling.option("zbus_path", text)
            )));
        };
        // By its own name it is found without.
        self.zbus = (!path.is_ident("zbus")).then_some(path);
        Ok(())
    }

    /// Of the types of external schemas too: how another crate writes an alias has to be known here.
    fn take_choices(&mut self, places: &[Located<'_>], options: &Options) -> Result<(), Error> {
        let is_written: HashSet<_> = places.iter().filter(|it| self.is_written(it)).map(|it| it.place).collect();
        let mut choose = |option, text: &str, what, is: fn(&Type) -> bool, set: &dyn Fn(&mut Choice)| {
            let selector = Selector::parse(option, text, options.spelling)?;
            let has = |it: &Located<'_>| is_written.contains(&it.place) && it.types.iter().any(|ty| holds(ty, is));
            for place in matching(&selector, places, what, has, Selector::covers)? {
                set(self.choices.entry(place).or_default());
            }
            Ok(())
        };
        for (text, map) in &options.map_types {
            choose("map_type", text, "place with a map", |ty| matches!(ty, Type::Map(..)), &|it| it.map = *map)?;
        }
        for (text, bytes) in &options.bytes_types {
            choose("bytes_type", text, "place with `bytes`", |ty| matches!(ty, Type::Bytes), &|it| it.bytes = *bytes)?;
        }
        let is_time: fn(&Type) -> bool = |ty| matches!(ty, Type::Timestamp | Type::Duration);
        for (text, time) in &options.time_types {
            choose("time_type", text, "place with a timestamp or duration", is_time, &|it| it.time = *time)?;
        }
        Ok(())
    }
}

/// The candidates that the selector matches, of which there has to be one.
fn matching<'s>(
    selector: &Selector<'s>,
    places: &[Located<'_>],
    what: &str,
    is_candidate: impl Fn(&Located<'_>) -> bool,
    matches: fn(&Selector<'s>, &[&str]) -> bool,
) -> Result<Vec<Place>, Error> {
    let candidates: Vec<_> = places.iter().filter(|it| is_candidate(it)).collect();
    let found: Vec<_> = candidates.iter().filter(|it| matches(selector, &it.path)).map(|it| it.place).collect();
    if found.is_empty() {
        let paths: Vec<_> = candidates.iter().map(|it| it.path.clone()).collect();
        return Err(selector.unmatched(what, &paths));
    }
    Ok(found)
}

/// The attribute without the derives of traits that are there.
fn without(attribute: &Attribute, traits: &[&str]) -> TokenStream {
    let Meta::List(list) = &attribute.meta else { return attribute.to_token_stream() };
    let parse = Punctuated::<syn::Path, Token![,]>::parse_terminated;
    match parse.parse2(list.tokens.clone()) {
        Ok(derived) if list.path.is_ident("derive") => {
            let left: Vec<_> = derived.iter().filter(|path| !is_one_of(path, traits)).collect();
            (!left.is_empty()).then(|| quote!(#[derive(#(#left),*)])).into_token_stream()
        }
        _ => attribute.to_token_stream(),
    }
}

/// The path is one of these traits of the standard library's or serde's, and not another crate's of the same name.
fn is_one_of(path: &syn::Path, traits: &[&str]) -> bool {
    let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    match names.as_slice() {
        [name] | ["core" | "std" | "serde", .., name] | ["zbus", "codegen", name] => traits.contains(name),
        _ => false,
    }
}
