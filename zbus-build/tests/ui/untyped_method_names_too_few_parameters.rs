use zbus::UntypedObject;

fn main() {
    let _ = UntypedObject::new("calculator@1.0").method(("Add", ["a"]), |a: f64, b: f64| async move { a + b });
}
