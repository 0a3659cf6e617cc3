//! A stand-in of Lambda's runtime API for one function at a time, which notes when what came.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

/// When the head of an answer came, and its pieces.
type Arrival = (Instant, Vec<(Instant, Vec<u8>)>);

/// The runtime API of one process.
pub struct Runtime {
    pub address: String,
    events: UnboundedSender<Value>,
    polls: UnboundedReceiver<Instant>,
    answers: UnboundedReceiver<Arrival>,
    server: JoinHandle<()>,
}

/// An answer as it came: its head, and its pieces.
pub struct Answer {
    asked: Instant,
    head: Instant,
    pieces: Vec<(Instant, Vec<u8>)>,
}

#[derive(Clone)]
struct Desk {
    events: Arc<Mutex<UnboundedReceiver<Value>>>,
    polls: UnboundedSender<Instant>,
    answers: UnboundedSender<Arrival>,
}

impl Runtime {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let ((events, waiting), (polled, polls), (answered, answers)) =
            (unbounded_channel(), unbounded_channel(), unbounded_channel());
        let desk = Desk { events: Arc::new(Mutex::new(waiting)), polls: polled, answers: answered };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(answer))
            .fallback(|| async { StatusCode::NOT_FOUND })
            .with_state(desk);
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, events, polls, answers, server }
    }

    /// When the process asked for work first.
    pub async fn wait_for_poll(&mut self) -> Instant {
        let polled = tokio::time::timeout(Duration::from_secs(30), self.polls.recv()).await;
        polled.expect("it asks for work in time").unwrap()
    }

    /// Gives it an event, and waits for the whole answer.
    pub async fn ask(&mut self, event: Value) -> Answer {
        let asked = Instant::now();
        self.events.send(event).unwrap();
        let answered = tokio::time::timeout(Duration::from_secs(30), self.answers.recv()).await;
        let (head, pieces) = answered.expect("it answers in time").unwrap();
        Answer { asked, head, pieces }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Answer {
    pub fn text(&self) -> String {
        let bytes: Vec<u8> = self.pieces.iter().flat_map(|(_, piece)| piece.clone()).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// How long after the event the head of the function's request came.
    pub fn head(&self) -> Duration {
        self.head - self.asked
    }

    /// How long after the event the first byte of what the client gets came: after the eight zeros.
    pub fn first_byte(&self) -> Duration {
        let (mut zeros, mut found) = (0, None);
        for (at, piece) in &self.pieces {
            for byte in piece {
                if zeros == 8 {
                    found = found.or(Some(*at));
                }
                zeros = if *byte == 0 || zeros == 8 { (zeros + 1).min(8) } else { 0 };
            }
        }
        found.expect("a streamed answer has a body") - self.asked
    }

    pub fn total_time(&self) -> Duration {
        self.pieces.last().map_or(self.head, |(at, _)| *at) - self.asked
    }
}

async fn next(State(desk): State<Desk>) -> Response<Body> {
    desk.polls.send(Instant::now()).ok();
    let event = desk.events.lock().await.recv().await;
    let Some(event) = event else {
        return Response::builder().status(StatusCode::GONE).body(Body::empty()).unwrap();
    };
    let deadline =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap() + Duration::from_secs(60);
    Response::builder()
        .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
        .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
        .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:111122223333:function:cold")
        .body(Body::from(event.to_string()))
        .unwrap()
}

async fn answer(State(desk): State<Desk>, body: Body) -> StatusCode {
    let head = Instant::now();
    let mut stream = body.into_data_stream();
    let mut pieces = Vec::new();
    while let Some(Ok(piece)) = stream.next().await {
        pieces.push((Instant::now(), piece.to_vec()));
    }
    desk.answers.send((head, pieces)).ok();
    StatusCode::ACCEPTED
}
