//! What a name in a comment leads to: the Rust of what the schema declares by it.

use std::collections::HashMap;

use proc_macro2::Ident;
use quote::quote;
use zbus_idl::schema::{ConstId, FileId, ObjectId, Schema, TypeId};

use crate::rust::Options;
use crate::rust::types::{Types, compact};

/// What rustdoc finds beside a type of this name: macros of the prelude, and its variants.
const AMBIGUOUS: [&str; 13] =
    ["Clone", "Copy", "Debug", "Default", "Eq", "Err", "Hash", "None", "Ok", "Ord", "PartialEq", "PartialOrd", "Some"];

/// Everything that a schema declares, by the name that comments use.
pub(in crate::rust) struct Declared {
    by_name: HashMap<String, Vec<Item>>,
    /// What an object's name leads to, if anything is generated of it.
    object: Option<OfObject>,
}

#[derive(Clone, Copy)]
enum OfObject {
    Service,
    Client,
}

#[derive(Clone, Copy)]
enum Item {
    Type(TypeId),
    Const(ConstId),
    Object(ObjectId),
}

impl Declared {
    pub(in crate::rust) fn new(schema: &Schema, options: &Options) -> Self {
        let mut by_name = HashMap::<_, Vec<_>>::new();
        for file in &schema.files {
            let types = file.types.iter().map(|&id| (&schema[id].name, Item::Type(id)));
            let consts = file.consts.iter().map(|&id| (&schema[id].name, Item::Const(id)));
            let objects = file.objects.iter().map(|&id| (&schema[id].type_name, Item::Object(id)));
            for (name, item) in types.chain(consts).chain(objects) {
                by_name.entry(name.clone()).or_default().push(item);
            }
        }
        let object = match options {
            Options { server: true, .. } => Some(OfObject::Service),
            Options { client: true, .. } => Some(OfObject::Client),
            _ => None,
        };
        Self { by_name, object }
    }
}

impl Types<'_> {
    /// The target of a link to what a file declares, or one that it imports, by this name; none where there is no such thing, where
    /// there are several, or where another Rust type stands for it.
    pub(super) fn link(&self, name: &str) -> Option<String> {
        let items = self.declared.by_name.get(name)?;
        let of = |file: FileId| items.iter().filter(move |item| self.file_of(**item) == file);
        let file = &self.schema.files[self.file];
        let own = items.iter().find(|item| self.file_of(**item).index() == self.file);
        let item = own.or_else(|| {
            let mut imported = file.imports.iter().flat_map(|import| of(*import));
            imported.next().filter(|_| imported.next().is_none())
        })?;
        self.target(*item)
    }

    fn file_of(&self, item: Item) -> FileId {
        match item {
            Item::Type(id) => self.schema[id].file,
            Item::Const(id) => self.schema[id].file,
            Item::Object(id) => self.schema[id].file,
        }
    }

    fn target(&self, item: Item) -> Option<String> {
        let name: &Ident = match item {
            Item::Type(id) if self.settings.extern_type(id).is_some() => return None,
            Item::Type(id) => self.names.of_type(id),
            Item::Const(id) => self.names.of_const(id),
            // What another crate generates of it is its choice.
            Item::Object(_) if self.settings.extern_module(self.file_of(item).index()).is_some() => return None,
            Item::Object(id) => match self.declared.object? {
                OfObject::Service => &self.names.of_object(id).service,
                OfObject::Client => &self.names.of_object(id).client,
            },
        };
        Some(self.target_of(self.file_of(item).index(), name))
    }

    /// The target of a link to what a file's module has by this name.
    pub(in crate::rust) fn target_of(&self, file: usize, name: &Ident) -> String {
        let path = self.reached(file, &quote!(#name));
        let is_ambiguous = AMBIGUOUS.iter().any(|word| name == word);
        format!("{}{}", if is_ambiguous { "type@" } else { "" }, compact(&path))
    }

    /// A link to it, shown by its name alone.
    pub(in crate::rust) fn link_to(&self, file: usize, name: &Ident) -> String {
        let target = self.target_of(file, name);
        if name == &target { format!("[`{name}`]") } else { format!("[`{name}`]({target})") }
    }
}
