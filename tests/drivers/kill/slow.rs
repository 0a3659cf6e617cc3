//! A table that takes its time: bytes to it are held up, so that kills find requests on their way.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Listens in front of `endpoint`, and passes on each piece that a client sends after up to `longest`.
pub async fn start_slow_proxy(endpoint: &str, longest: Duration) -> String {
    let behind = endpoint.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(pass(client, TcpStream::connect(behind.clone()).await.unwrap(), longest));
        }
    });
    url
}

async fn pass(client: TcpStream, table: TcpStream, longest: Duration) {
    table.set_nodelay(true).unwrap();
    client.set_nodelay(true).unwrap();
    let (mut asked, mut answer) = client.into_split();
    let (mut answered, mut ask) = table.into_split();
    let asks = async {
        let mut buffer = vec![0; 64 << 10];
        // A client that was killed is gone, but what it had sent still arrives.
        while let Ok(length @ 1..) = asked.read(&mut buffer).await {
            sleep(longest.mul_f64(rand::random())).await;
            if ask.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    let arrived = async {
        asks.await;
        sleep(longest + Duration::from_secs(1)).await;
    };
    tokio::select! {
        _ = copy(&mut answered, &mut answer) => {}
        () = arrived => {}
    }
}
