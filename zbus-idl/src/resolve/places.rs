//! The index: a walk over the trees, once it is known which names there are.

use super::Resolver;
use crate::diagnostic::Thing;
use crate::index::{Definition, Import, Index, Reference};
use crate::schema::{FileId, TypeId};
use crate::source::{Span, offset};
use crate::tree::{Declaration, Entry, FieldOrSpread, Name, ObjectMember, TypeRef, TypeRefKind};

/// The walk over a file.
struct Walk<'a> {
    resolver: &'a Resolver<'a>,
    index: Index,
    file: usize,
    next_type: usize,
}

impl Resolver<'_> {
    pub(super) fn index(&self) -> Index {
        let mut walk = Walk { resolver: self, index: Index::default(), file: 0, next_type: 0 };
        for file in 0..self.files.len() {
            walk.file = file;
            walk.index.file_docs.push(self.files[file].parsed.tree.doc_span);
            walk.declarations();
            walk.imports();
        }
        walk.index
    }
}

impl Walk<'_> {
    fn declarations(&mut self) {
        for item in &self.resolver.files[self.file].parsed.tree.items {
            let Some(declaration) = &item.node else { continue };
            match declaration {
                Declaration::Module(name) => drop(self.define(Thing::Module, None, name, item)),
                Declaration::PoisonedModule | Declaration::Import(_) => {}
                Declaration::Const(one) => {
                    self.define(Thing::Const, None, &one.name, item);
                    self.ty(&one.ty);
                }
                Declaration::Alias(one) => {
                    self.define_type(Thing::Alias, &one.name, item);
                    self.ty(&one.target);
                }
                Declaration::Struct(one) => {
                    let owner = self.define_type(Thing::Struct, &one.name, item);
                    self.fields(owner, &one.fields);
                }
                Declaration::Enum(one) => {
                    let owner = self.define_type(Thing::Enum, &one.name, item);
                    one.repr.iter().for_each(|repr| self.ty(repr));
                    for (entry, member) in known(&one.members) {
                        self.define(Thing::Member, Some(owner), &member.name, entry);
                    }
                }
                Declaration::Union(one) => {
                    let owner = self.define_type(Thing::Union, &one.name, item);
                    for (entry, arm) in known(&one.arms) {
                        self.define(Thing::Arm, Some(owner), &arm.name, entry);
                        arm.ty.iter().for_each(|ty| self.ty(ty));
                    }
                }
                Declaration::Error(one) => {
                    let owner = self.define_type(Thing::Error, &one.name, item);
                    for (entry, variant) in known(&one.variants) {
                        let owner = self.define(Thing::Variant, Some(owner), &variant.name, entry);
                        self.fields(owner, &variant.fields);
                    }
                }
                Declaration::PoisonedType(name) => drop(self.define_type(Thing::Type, name, item)),
                Declaration::Object(one) => {
                    let owner = self.define(Thing::Object, None, &one.name, item);
                    for (entry, member) in known(&one.members) {
                        self.object_member(owner, entry, member);
                    }
                }
            }
        }
    }

    fn object_member(&mut self, object: usize, entry: &Entry<ObjectMember>, member: &ObjectMember) {
        match member {
            ObjectMember::Stream(stream) => {
                self.define(Thing::Stream, Some(object), &stream.name, entry);
                self.ty(&stream.ty);
            }
            ObjectMember::Method(method) => {
                let owner = self.define(Thing::Method, Some(object), &method.name, entry);
                for param in &method.params {
                    self.define_part(Thing::Param, owner, &param.name, param.ty.span);
                    self.ty(&param.ty);
                }
                for value in method.returns.iter().flat_map(|returns| &returns.values) {
                    if let Some(name) = &value.name {
                        self.define_part(Thing::Return, owner, name, value.ty.span);
                    }
                    self.ty(&value.ty);
                }
                if let Some(name) = method.throws.as_ref().and_then(|throws| throws.error.as_ref()) {
                    self.reference(name);
                }
            }
        }
    }

    fn fields(&mut self, owner: usize, fields: &[Entry<FieldOrSpread>]) {
        for (entry, field) in known(fields) {
            match field {
                FieldOrSpread::Spread(name) => self.reference(name),
                FieldOrSpread::Field(field) => {
                    self.define(Thing::Field, Some(owner), &field.name, entry);
                    self.ty(&field.ty);
                }
            }
        }
    }

    fn define<T>(&mut self, thing: Thing, owner: Option<usize>, name: &Name, entry: &Entry<T>) -> usize {
        self.push(Definition {
            thing,
            file: FileId(offset(self.file)),
            owner,
            ty: None,
            name: name.span,
            extent: entry.extent,
            docs: entry.doc_span,
        })
    }

    fn define_part(&mut self, thing: Thing, owner: usize, name: &Name, end: Span) {
        let (file, extent) = (FileId(offset(self.file)), name.span.to(end));
        self.push(Definition { thing, file, owner: Some(owner), ty: None, name: name.span, extent, docs: None });
    }

    /// Types are met in the order in which they got their ids.
    fn define_type<T>(&mut self, thing: Thing, name: &Name, entry: &Entry<T>) -> usize {
        let at = self.define(thing, None, name, entry);
        self.index.definitions[at].ty = Some(TypeId(offset(self.next_type)));
        self.index.types.push(at);
        self.next_type += 1;
        at
    }

    fn push(&mut self, definition: Definition) -> usize {
        self.index.definitions.push(definition);
        self.index.definitions.len() - 1
    }

    /// Recursion ends with the depth that the scan allows.
    fn ty(&mut self, ty: &TypeRef) {
        match &ty.kind {
            TypeRefKind::Poisoned => {}
            TypeRefKind::Named(name) => self.reference(name),
            TypeRefKind::Optional(inner) | TypeRefKind::List(inner) => self.ty(inner),
            TypeRefKind::Map(key, value) => {
                self.ty(key);
                self.ty(value);
            }
        }
    }

    fn reference(&mut self, name: &Name) {
        if let Some(id) = self.resolver.scopes.only(self.file, &name.text) {
            self.index.references.push(Reference { span: name.span, ty: TypeId(offset(id)) });
        }
    }

    fn imports(&mut self) {
        let file = &self.resolver.files[self.file];
        let first = self.index.references.iter().rposition(|one| one.span.source != file.source).map_or(0, |at| at + 1);
        let mut used: Vec<usize> =
            self.index.references[first..].iter().map(|one| self.resolver.types[one.ty.index()].file).collect();
        used.sort_unstable();
        let imports = file.parsed.tree.items.iter().filter_map(|item| match &item.node {
            Some(Declaration::Import(text)) => Some((item.extent, text.span)),
            _ => None,
        });
        for ((extent, path), to) in imports.zip(&file.imports) {
            let used = to.is_some_and(|to| used.binary_search(&to).is_ok());
            let to = to.map(|to| FileId(offset(to)));
            self.index.imports.push(Import { file: FileId(offset(self.file)), extent, path, to, used });
        }
    }
}

/// The entries that were understood.
fn known<T>(entries: &[Entry<T>]) -> impl Iterator<Item = (&Entry<T>, &T)> {
    entries.iter().filter_map(|entry| Some((entry, entry.node.as_ref()?)))
}
