//! Declarations: the heads of those with a body, and the whole of those without.

use pest::iterators::Pairs;

use super::{Parser, Rule, Shape, next, shape, slips};
use crate::diagnostic::{Diagnostic, Expectation, Expected, Fix, Found, Help, Problem, Thing};
use crate::language::DECLARATIONS;
use crate::scan::{Body, Ending, Piece, TokenKind};
use crate::source::Span;
use crate::tree::{Alias, Attribute, Const, Declaration, Enum, Error, Item, Name, Object, Struct, Union};
use crate::{foreign, spelling};

pub(super) fn declaration_shape(keyword: &str) -> Option<Shape> {
    Some(match keyword {
        "module" => shape(Rule::module_piece, Thing::Module, ';'),
        "import" => shape(Rule::import_piece, Thing::Import, ';'),
        "const" => shape(Rule::const_piece, Thing::Const, ';'),
        "type" => shape(Rule::alias_piece, Thing::Type, ';'),
        "struct" => shape(Rule::struct_piece, Thing::Struct, '{'),
        "enum" => shape(Rule::enum_piece, Thing::Enum, '{'),
        "union" => shape(Rule::union_piece, Thing::Union, '{'),
        "error" => shape(Rule::error_piece, Thing::Error, '{'),
        "object" => shape(Rule::object_piece, Thing::Object, '{'),
        _ => return None,
    })
}

impl<'a> Parser<'a> {
    /// Notes what a file declares, before any of it is parsed.
    pub(super) fn look_over(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            let keyword =
                piece.keyword.map_or("", |token| self.slice(self.span(token.start as usize, token.end as usize)));
            self.has_imports |= keyword == "import";
            if let Some(name) = self.word_behind(piece).filter(|_| DECLARATIONS.contains(&keyword)) {
                self.declared.insert(self.slice(name.span));
            }
        }
    }

    pub(super) fn item(&mut self, mut piece: Piece, at_first: bool) -> Item {
        let body = piece.body.take();
        let keyword = piece.keyword.filter(|token| token.kind == TokenKind::Word);
        let word = keyword.map_or("", |token| self.slice(self.span(token.start as usize, token.end as usize)));
        let Some(shape) = declaration_shape(word) else {
            return self.unknown_item(piece, word, body.is_some(), at_first);
        };
        let name_behind = self.word_behind(&piece);
        let mark = self.diagnostics.len();
        let parsed = self.pest(shape, &piece);
        if piece.broken {
            self.diagnostics.truncate(mark);
        }
        let (attributes, node) = if let Some((attributes, pairs)) = parsed {
            let node = self.declaration(shape, pairs, &piece, body);
            (attributes, node)
        } else {
            // The members of a declaration without a head still have mistakes worth showing.
            if let Some(body) = body {
                let (mark, opened) = (self.diagnostics.len(), body.open);
                self.body_of(shape, body);
                // Where the name is missing, the brace may be the one that is too many.
                let unclosed =
                    |one: &Diagnostic| matches!(one.problem, Problem::UnclosedBrace { open, .. } if open == opened);
                if let Some(at) =
                    self.diagnostics.iter().skip(mark).position(unclosed).filter(|_| name_behind.is_none())
                {
                    self.diagnostics.remove(mark + at);
                }
            }
            (Vec::new(), None)
        };
        let node = node.or_else(|| self.poisoned(shape, name_behind));
        item(piece, attributes, node)
    }

    fn poisoned(&mut self, shape: Shape, name: Option<Name>) -> Option<Declaration> {
        match shape.rule {
            Rule::const_piece | Rule::object_piece => None,
            Rule::module_piece => Some(Declaration::PoisonedModule),
            Rule::import_piece => {
                self.incomplete = true;
                None
            }
            _ => {
                self.incomplete |= name.is_none();
                name.map(Declaration::PoisonedType)
            }
        }
    }

    /// A declaration that starts with no word of the language.
    fn unknown_item(&mut self, piece: Piece, word: &str, has_body: bool, at_first: bool) -> Item {
        let at = piece.keyword.map(|token| self.span(token.start as usize, token.end as usize));
        let name = self.word_behind(&piece);
        let mut node = name.clone().map(Declaration::PoisonedType);
        match at {
            _ if piece.broken => {}
            Some(at) if !word.is_empty() => {
                let fits = |own: &str| has_body == matches!(own, "struct" | "union" | "error" | "object");
                let fix = foreign::declaration(word)
                    .map(|own| {
                        let help = Help::CalledHere(own.to_owned());
                        if fits(own) { Fix::replace(help, at, own) } else { Fix::words(help) }
                    })
                    .or_else(|| self.modifier(word, at))
                    .or_else(|| matches!(word, "syntax" | "option" | "edition").then(|| Fix::words(Help::NoSuchLine)))
                    .or_else(|| {
                        let own = spelling::nearest(word, DECLARATIONS)?;
                        Some(Fix::replace(Help::DidYouMean(own.to_owned()), at, own))
                    })
                    .or_else(|| self.declaration_by_its_look(&piece, word, at, has_body, at_first));
                let is_module = foreign::declaration(word) == Some("module")
                    || spelling::nearest(word, DECLARATIONS) == Some("module")
                    || at_first && piece.ending == Ending::Separator && piece.span.end == at.end;
                if is_module {
                    node = Some(Declaration::PoisonedModule);
                }
                let words = Fix::words(Help::Declarations);
                let problem = Problem::UnknownWord { word: self.found(at), expected: Thing::Declaration };
                let fix = fix.and_then(|fix| self.sound(None, &piece, fix)).unwrap_or(words);
                self.diagnostics.push(Diagnostic::new(at, problem).fix(fix));
            }
            at => {
                let at = at.unwrap_or(piece.next);
                let problem =
                    Problem::Unexpected { expected: Expectation::Piece(Thing::Declaration), found: self.found(at) };
                let text = self.text.get(at.start as usize..).unwrap_or_default();
                let stray = text.starts_with(';') && piece.span.start == piece.span.end || text.starts_with(',');
                let fix = stray.then(|| Fix::replace(Help::RemoveIt, at, ""));
                let path = text
                    .starts_with('"')
                    .then(|| Fix::replace(Help::ImportStart, at, format!("import {}", self.slice(at))));
                let fix = fix.or(path).or_else(|| slips::habit(text));
                self.diagnostics.push(Diagnostic::new(at, problem).fix(fix));
            }
        }
        self.incomplete |= name.is_none();
        item(piece, Vec::new(), node)
    }

    /// A declaration whose word is missing, by what follows its name.
    fn declaration_by_its_look(
        &self,
        piece: &Piece,
        word: &str,
        at: Span,
        has_body: bool,
        at_first: bool,
    ) -> Option<Fix> {
        let rest = self.text.get(at.end as usize..piece.span.end as usize)?.trim_start();
        let own = if at_first && rest.is_empty() && piece.ending == Ending::Separator {
            "module"
        } else if rest.starts_with('@') && has_body {
            "object"
        } else if rest.starts_with(':') && has_body {
            "enum"
        } else if rest.starts_with(':') && rest.contains('=') {
            "const"
        } else if rest.starts_with('=') {
            "type"
        } else {
            return None;
        };
        Some(Fix::replace(Help::DidYouMean(format!("{own} {word}")), at, format!("{own} {word}")))
    }

    /// The word behind the keyword of a piece: what it declares, if it does.
    fn word_behind(&self, piece: &Piece) -> Option<Name> {
        let keyword = piece.keyword?;
        let token = self.tokens.get(self.token_at(keyword.end)).filter(|token| token.start < piece.span.end)?;
        let span = self.span(token.start as usize, token.end as usize);
        let text = self.slice(span);
        let is_name = token.kind == TokenKind::Word && text.starts_with(|c: char| c.is_ascii_alphabetic());
        is_name.then(|| Name { text: text.to_owned(), span })
    }

    fn declaration(
        &mut self,
        shape: Shape,
        mut pairs: Pairs<'a, Rule>,
        piece: &Piece,
        body: Option<Body>,
    ) -> Option<Declaration> {
        let base = piece.span.start;
        // The keyword.
        pairs.next()?;
        if shape.end == ';' {
            self.semicolon(shape, piece);
            // Half-typed at the end of the text: what is written of the type is not what it will be.
            if piece.ending == Ending::Text && matches!(shape.rule, Rule::alias_piece | Rule::const_piece) {
                return None;
            }
        } else if body.as_ref().is_none_or(Body::lacks_open) {
            let at = self.place_of_next(piece);
            let expected = Expectation::After(Expected::BraceOpen, shape.thing);
            let problem = Problem::Unexpected { expected, found: self.found(piece.next) };
            let fix = body.as_ref().map(|_| Fix::replace(Help::AddIt, piece.span.after(), " {"));
            self.diagnostics.push(Diagnostic::new(at, problem).fix(fix));
        }
        let subject = pairs.next()?;
        Some(match shape.rule {
            Rule::module_piece => Declaration::Module(self.raw_name(&subject, base)),
            Rule::import_piece => Declaration::Import(self.text(&subject, base)),
            Rule::const_piece => {
                let name = self.name(&subject, base);
                let ty = self.type_ref(next(&mut pairs, Rule::type_ref)?, base);
                let value = self.literal(next(&mut pairs, Rule::literal)?, base);
                Declaration::Const(Const { name, ty, value })
            }
            Rule::alias_piece => {
                let name = self.name(&subject, base);
                let target = self.type_ref(next(&mut pairs, Rule::type_ref)?, base);
                Declaration::Alias(Alias { name, target })
            }
            Rule::struct_piece => {
                let name = self.name(&subject, base);
                Declaration::Struct(Struct { name, fields: self.fields(body?) })
            }
            Rule::enum_piece => {
                let name = self.name(&subject, base);
                let repr = next(&mut pairs, Rule::type_ref).map(|pair| self.type_ref(pair, base));
                Declaration::Enum(Enum { name, repr, members: self.members(body?) })
            }
            Rule::union_piece => {
                let name = self.name(&subject, base);
                Declaration::Union(Union { name, arms: self.arms(body?) })
            }
            Rule::error_piece => {
                let name = self.name(&subject, base);
                Declaration::Error(Error { name, variants: self.variants(body?) })
            }
            _ => {
                let (name, version) = self.object_name(&subject, base);
                let type_name = next(&mut pairs, Rule::name).map(|pair| self.name(&pair, base));
                Declaration::Object(Object { name, version, type_name, members: self.object_members(body?) })
            }
        })
    }

    /// Parses a body for its mistakes alone.
    fn body_of(&mut self, shape: Shape, body: Body) {
        match shape.rule {
            Rule::struct_piece => drop(self.fields(body)),
            Rule::enum_piece => drop(self.members(body)),
            Rule::union_piece => drop(self.arms(body)),
            Rule::error_piece => drop(self.variants(body)),
            Rule::object_piece => drop(self.object_members(body)),
            _ => {}
        }
    }

    fn semicolon(&mut self, shape: Shape, piece: &Piece) {
        let behind = piece.behind;
        match piece.ending {
            Ending::Separator | Ending::WrongSeparator(_) => {}
            Ending::Body => {
                let expected = Expectation::After(Expected::Semicolon, shape.thing);
                self.report(piece.next, Problem::Unexpected { expected, found: Found::of("{") });
            }
            Ending::Text if self.cut_short => {}
            Ending::Close | Ending::Missing | Ending::Text => {
                let found = self.found(piece.next);
                let problem = Problem::MissingSeparator { separator: ';', after: shape.thing, found };
                let fix = Fix::replace(Help::AddIt, behind, ";");
                self.diagnostics.push(Diagnostic::new(behind, problem).fix(fix));
            }
        }
    }
}

fn item(piece: Piece, attributes: Vec<Attribute>, node: Option<Declaration>) -> Item {
    let Piece { span, extent, docs, doc_span, .. } = piece;
    Item { span, extent, docs, doc_span, attributes, node }
}
