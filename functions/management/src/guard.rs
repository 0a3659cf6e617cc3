//! Every route's way in and out: the only way to put a handler into the router, and it admits before it calls.

use std::future::Future;

use axum::body::Bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use shared::fault::Fault;
use shared::id::RequestId;
use shared::moment::Moment;
use shared::policy::{self, Permit};
use shared::web::{Shape, json_bytes};

use crate::App;
use crate::query::Query;

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// What a permitted request says.
pub struct Ask {
    pub query: Query,
    /// Empty on routes that take none.
    pub body: Bytes,
    pub now: Moment,
}

/// A route that reads. Its handler takes a [`Permit`], which only a row of [`policy::ROUTES`] can grant.
pub fn get<F, Fut>(handler: F) -> MethodRouter<App>
where
    F: Fn(App, Permit, Ask) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, Fault>> + Send,
{
    on(MethodFilter::GET, move |State(app): State<App>, request: Request| async move {
        let now = app.clock.now();
        let asked = permit(&app, &request).and_then(|permit| {
            let query = Query::read(request.uri())?;
            Ok((permit, Ask { query, body: Bytes::new(), now }))
        });
        let answer = match asked {
            Ok((permit, ask)) => handler(app, permit, ask).await,
            Err(fault) => Err(fault),
        };
        finished(answer, now)
    })
}

/// A route that changes something, by a JSON body.
pub fn post<F, Fut>(handler: F) -> MethodRouter<App>
where
    F: Fn(App, Permit, Ask) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<Response, Fault>> + Send,
{
    on(MethodFilter::POST, move |State(app): State<App>, request: Request| async move {
        let now = app.clock.now();
        let answer = match asked_by_body(&app, request, now).await {
            Ok((permit, ask)) => handler(app, permit, ask).await,
            Err(fault) => Err(fault),
        };
        finished(answer, now)
    })
}

/// Nobody's body is read before it is known who they are.
async fn asked_by_body(app: &App, request: Request, now: Moment) -> Result<(Permit, Ask), Fault> {
    let permit = permit(app, &request)?;
    let query = Query::read(request.uri())?;
    let (_, body) = json_bytes(request, app.max_body).await?;
    Ok((permit, Ask { query, body, now }))
}

fn permit(app: &App, request: &Request) -> Result<Permit, Fault> {
    let caller = app.admin.admit(request.headers())?;
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    // A `HEAD` is answered by the `GET` route, without its body.
    let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
    Ok(policy::may_manage(caller, method.as_str(), path)?)
}

/// The answer to a path that is no route.
pub fn no_route(app: &App, request: &Request) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    finished(Err(Fault::NoRoute { method, path }), app.clock.now())
}

/// The answer to a route's path asked with another method.
pub fn wrong_method(app: &App, request: &Request) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    finished(Err(Fault::WrongMethod { method, path }), app.clock.now())
}

fn finished(answer: Result<Response, Fault>, now: Moment) -> Response {
    // Without randomness the id is the time alone: an answer is better than a unique name for it.
    let id = RequestId::generate(now.ms()).unwrap_or_else(|_| RequestId::from_parts(now.ms(), 0));
    let mut answer = answer.unwrap_or_else(|fault| Shape::Plain.answer(&fault, id.as_str()));
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer
}
