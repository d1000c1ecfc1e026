//! Unions and errors: what is exactly one of several.

use std::collections::HashMap;

use super::{Namespace, Resolver};
use crate::diagnostic::{Problem, Thing};
use crate::schema::{Arm, ErrorType, Type, Union, Variant};
use crate::tree;

impl Resolver<'_> {
    pub(super) fn union(&mut self, file: usize, one: &tree::Union) -> Union {
        if one.arms.is_empty() {
            self.report(
                one.name.span,
                Problem::Empty { thing: Thing::Union, name: one.name.text.clone(), of: Thing::Arm },
            );
        }
        let mut names = Namespace::default();
        let mut wires = HashMap::new();
        let mut arms = Vec::new();
        for entry in &one.arms {
            let Some(arm) = &entry.node else { continue };
            let said = self.attributes(&entry.attributes, Thing::Arm);
            let ty = arm.ty.as_ref().map(|ty| self.type_ref(file, ty).unwrap_or(Type::Any));
            let wire_name = self.unique(&mut names, &mut wires, Thing::Arm, &arm.name, &said);
            let (name, docs) = (arm.name.text.clone(), entry.docs.clone());
            arms.push(Arm { name, wire_name, docs, deprecated: said.deprecated, ty });
        }
        Union { arms }
    }

    pub(super) fn error(&mut self, file: usize, one: &tree::Error) -> ErrorType {
        if one.variants.is_empty() {
            self.report(
                one.name.span,
                Problem::Empty { thing: Thing::Error, name: one.name.text.clone(), of: Thing::Variant },
            );
        }
        let mut names = Namespace::default();
        let mut wires = HashMap::new();
        let mut variants = Vec::new();
        for entry in &one.variants {
            let Some(variant) = &entry.node else { continue };
            let said = self.attributes(&entry.attributes, Thing::Variant);
            let fields = self.fields(file, &variant.fields, false).fields;
            let wire_name = self.unique(&mut names, &mut wires, Thing::Variant, &variant.name, &said);
            let (name, docs) = (variant.name.text.clone(), entry.docs.clone());
            variants.push(Variant { name, wire_name, docs, deprecated: said.deprecated, fields });
        }
        ErrorType { variants }
    }
}
