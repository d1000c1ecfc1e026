use zbus::UntypedObject;
use zbus::untyped::Variadic;

fn main() {
    let _ = UntypedObject::new("calculator@1.0")
        .method("Scale", |values: Variadic<f64>, by: f64| async move { values.0.len() as f64 * by });
}
