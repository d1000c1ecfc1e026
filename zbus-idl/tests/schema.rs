//! The resolved schema: what backends can rely on.

use std::time::Duration;

use zbus_idl::schema::{
    ConstValue, EnumRepr, Integer, Lag, LagPolicy, MemberValue, Schema, Struct, Throws, Type, TypeDef, TypeKind,
};
use zbus_idl::{MemoryLoader, compile};

fn schema(text: &str) -> Schema {
    compile(&["test.zbus"], &MemoryLoader::new().with("test.zbus", text)).unwrap_or_else(|report| panic!("{report}"))
}

fn calculator() -> Schema {
    let loader = MemoryLoader::new()
        .with("calculator.zbus", include_str!("corpus/valid/calculator.zbus"))
        .with("geometry.zbus", include_str!("corpus/valid/geometry.zbus"));
    compile(&["calculator.zbus"], &loader).unwrap_or_else(|report| panic!("{report}"))
}

fn named<'a>(schema: &'a Schema, name: &str) -> &'a TypeDef {
    schema.types.iter().find(|one| one.name == name).unwrap()
}

fn fields<'a>(schema: &'a Schema, name: &str) -> &'a Struct {
    match &named(schema, name).kind {
        TypeKind::Struct(one) => one,
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn an_imported_file_comes_before_its_importer() {
    let schema = calculator();
    let files: Vec<_> =
        schema.files.iter().map(|file| (file.path.as_str(), file.stem.as_str(), file.is_root)).collect();
    assert_eq!(files, [("geometry.zbus", "geometry", false), ("calculator.zbus", "calculator", true)]);
    assert_eq!(schema.files[1].imports.len(), 1);
    assert_eq!(schema.files[1].docs, "Documentation of the file.");
    assert_eq!(schema.files[1].module.as_deref(), Some("calc"));
    assert_eq!(schema.files[0].module, None);
    let names: Vec<&str> = schema.types.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Origin", "Point", "Circle", "Celsius", "Level", "Color", "Reading", "Shape", "MathError"]);
    assert_eq!(schema.files[0].types.iter().map(|id| schema[*id].name.as_str()).collect::<Vec<_>>(), names[..3]);
}

#[test]
fn a_spread_becomes_fields_that_know_where_they_come_from() {
    let schema = calculator();
    let reading = fields(&schema, "Reading");
    let names: Vec<&str> = reading.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["Host", "Sensor", "At", "Value", "Note", "Tags", "Unit", "Label"]);
    assert_eq!(reading.fields[0].spread_from.map(|id| schema[id].name.as_str()), Some("Origin"));
    assert_eq!(reading.fields[2].spread_from, None);
    assert_eq!(reading.fields[6].wire_name, "unit-name");
    assert_eq!(reading.fields[7].deprecated.as_deref(), Some("use Tags"));
}

#[test]
fn an_alias_stays_a_name_and_resolves_to_its_type() {
    let schema = calculator();
    let value = &fields(&schema, "Reading").fields[3].ty;
    assert!(matches!(value, Type::Named(id) if schema[*id].name == "Celsius"));
    assert_eq!(schema.resolve(value), &Type::F64);
    assert_eq!(named(&schema, "Celsius").docs, "Degrees Celsius.");
}

#[test]
fn enums_travel_as_strings_or_integers() {
    let schema =
        schema("enum A { One, Two = \"two\" } enum B: i16 { X, Y = -5, Z, W = 0x10 } type R = u8; enum C: R { X }");
    let TypeKind::Enum(a) = &named(&schema, "A").kind else { panic!() };
    let text = |text: &str| MemberValue::String(text.to_owned());
    assert_eq!(a.members.iter().map(|member| member.value.clone()).collect::<Vec<_>>(), [text("One"), text("two")]);
    let TypeKind::Enum(b) = &named(&schema, "B").kind else { panic!() };
    assert_eq!(b.repr, EnumRepr::Integer(Integer::I16));
    let integers = [0, -5, -4, 16].map(MemberValue::Integer);
    assert_eq!(b.members.iter().map(|member| member.value.clone()).collect::<Vec<_>>(), integers);
    let TypeKind::Enum(c) = &named(&schema, "C").kind else { panic!() };
    assert_eq!(c.repr, EnumRepr::Integer(Integer::U8));
}

#[test]
fn consts_are_values_of_their_types() {
    let schema = schema(
        r#"const A: u64 = 18_446_744_073_709_551_615; const B: f32 = 1; const C: f64 = -1.5e3; const D: bool = true;
           type T = duration; const E: T = 1h30m; const F: string = "a\n\u{e9}\"";"#,
    );
    let values: Vec<ConstValue> = schema.consts.iter().map(|one| one.value.clone()).collect();
    let expected = [
        ConstValue::Integer(u64::MAX.into()),
        ConstValue::Float(1.0),
        ConstValue::Float(-1500.0),
        ConstValue::Bool(true),
        ConstValue::Duration(5_400_000_000_000),
        ConstValue::String("a\né\"".to_owned()),
    ];
    assert_eq!(values, expected);
}

#[test]
fn methods_say_how_they_are_called_and_how_they_fail() {
    let schema = calculator();
    let calculator = &schema.objects[0];
    assert_eq!((calculator.bus_name().as_str(), calculator.type_name.as_str()), ("calculator@1.0", "Calculator"));
    assert_eq!(schema.module_of(calculator), "calc");
    let method = |name: &str| calculator.methods.iter().find(|method| method.name == name).unwrap();
    assert_eq!(method("Add").docs, "Adds two numbers.");
    assert!(method("Sum").variadic && method("Sum").params[0].ty == Type::F64);
    assert!(!method("Add").variadic);
    let returns: Vec<_> = method("DivMod").returns.iter().map(|one| one.name.as_deref()).collect();
    assert_eq!(returns, [Some("quotient"), Some("remainder")]);
    assert!(matches!(method("DivMod").throws, Throws::Typed(id) if schema[id].name == "MathError"));
    assert_eq!(method("Reset").throws, Throws::Message);
    assert_eq!(method("Log").throws, Throws::Never);
    assert!(method("Log").oneway && method("Log").returns.is_empty());
    assert_eq!((method("Last").timeout, method("Last").idempotent), (Some(Duration::from_secs(2)), true));
    assert_eq!(calculator.streams[0].name, "Readings");
    let monitor = &schema.objects[1];
    assert_eq!((monitor.name.as_str(), monitor.type_name.as_str()), ("performance-monitor", "PerformanceMonitor"));
    assert_eq!(monitor.streams[0].lag, Some(Lag { policy: LagPolicy::DropOldest, capacity: 64 }));
}

#[test]
fn a_single_named_return_is_one_value() {
    let schema = schema("module m; object o { fn A() -> (x: i8); fn B() -> (i8, string); }");
    assert_eq!(schema.objects[0].methods[0].returns.len(), 1);
    assert_eq!(schema.objects[0].methods[1].returns.len(), 2);
    assert_eq!(schema.objects[0].version, None);
}

#[test]
fn unions_and_errors_know_their_names_on_the_wire() {
    let schema = schema("union U { @wire(\"a\") A: i8, B } error E { C { @wire(\"x\") X: i8 }, @wire(\"d\") D }");
    let TypeKind::Union(union) = &named(&schema, "U").kind else { panic!() };
    assert_eq!((union.arms[0].wire_name.as_str(), &union.arms[1].ty), ("a", &None));
    let TypeKind::Error(error) = &named(&schema, "E").kind else { panic!() };
    assert_eq!((error.variants[0].fields[0].wire_name.as_str(), error.variants[1].wire_name.as_str()), ("x", "d"));
}

#[test]
fn documentation_is_joined_line_by_line() {
    let schema =
        schema("/// One.\n///\n///  Two.\n@deprecated(\"x\")\n/// Three.\nstruct A {\n    /// Of X.\n    X: i8,\n}");
    assert_eq!(named(&schema, "A").docs, "One.\n\n Two.\nThree.");
    assert_eq!(fields(&schema, "A").fields[0].docs, "Of X.");
}

#[test]
fn a_file_under_two_spellings_is_one_file() {
    let loader = MemoryLoader::new()
        .with("a.zbus", "import \"lib/p.zbus\"; import \"./lib/../lib/p.zbus\"; struct A { X: P }")
        .with("lib/p.zbus", "struct P { X: i8 }");
    let schema = compile(&["a.zbus", "lib/p.zbus"], &loader).unwrap();
    assert_eq!(schema.files.len(), 2);
    assert!(schema.files.iter().all(|file| file.is_root));
    assert_eq!(schema.files[1].imports.len(), 1);
}

#[test]
fn recursion_through_optionals_lists_and_maps_is_fine() {
    let schema = schema("struct Node { Next: Node?, Children: [Node], ByName: Index } type Index = map<string, Node>;");
    assert_eq!(fields(&schema, "Node").fields.len(), 3);
}

#[test]
fn equal_texts_give_equal_schemas_and_reports() {
    assert_eq!(calculator(), calculator());
    let text = rows();
    let report = || compile(&["a.zbus"], &MemoryLoader::new().with("a.zbus", text.as_str())).unwrap_err().to_string();
    assert_eq!(report(), report());
}

/// Types that are nearly alike, so that a suggestion has many candidates.
fn rows() -> String {
    (0..50).map(|i| format!("struct Name{i} {{ X: Nam{i} }}")).collect::<Vec<_>>().join("\n")
}
