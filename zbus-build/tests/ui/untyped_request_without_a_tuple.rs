async fn greet(client: zbus::Client) {
    let _ = client.request("greeter", "greeter@1.0", "Greet", "Ada").await;
}

fn main() {
    let _ = greet;
}
