//! The routes, as each area puts its own in: with what it takes and answers, and who handles it. There is no other way to put
//! a handler into the router, and none without a way in through [`guard`].

use std::future::{Future, ready};
use std::mem::take;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use shared::api::ApiError;
use stargate_core::policy::Permit;

use crate::authorize::{self, RequestContext};
use crate::openapi::document::document;
use crate::openapi::operation::{Operation, RouteOperation};
use crate::request::body::RequestBody;
use crate::state::ManagementState;

/// Where the document of all routes is.
const DOCUMENT: &str = "/openapi.json";

/// What handlers answer. Each is boxed, so that the way in and out is compiled once and not for every route.
type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response, ApiError>> + Send>>;
type Reads = Arc<dyn Fn(ManagementState, Permit, RequestContext) -> ResponseFuture + Send + Sync>;
type Changes =
    Arc<dyn Fn(ManagementState, Permit, RequestContext, RequestBody) -> ResponseFuture + Send + Sync>;
type Opens = Arc<dyn Fn(ManagementState, RequestContext, RequestBody) -> ResponseFuture + Send + Sync>;

/// A handler's future.
pub trait Answers: Future<Output = Result<Response, ApiError>> + Send + 'static {}

impl<Fut: Future<Output = Result<Response, ApiError>> + Send + 'static> Answers for Fut {}

#[derive(Default)]
pub struct Routes {
    router: Router<ManagementState>,
    pub described: Vec<RouteOperation>,
}

impl Routes {
    /// A route that reads.
    pub fn get<Fut: Answers>(
        &mut self,
        path: &'static str,
        operation: Operation,
        handler: impl Fn(ManagementState, Permit, RequestContext) -> Fut + Send + Sync + 'static,
    ) {
        let handler: Reads = Arc::new(move |app, permit, ask| Box::pin(handler(app, permit, ask)));
        self.add(Method::GET, path, operation, move |app, request| {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let (app, permit, ask) = authorize::authorize(app, operation, request).await?;
                handler(app, permit, ask).await
            })
        });
    }

    /// A route that changes something, by a JSON body.
    pub fn post<Fut: Answers>(
        &mut self,
        path: &'static str,
        operation: Operation,
        handler: impl Fn(ManagementState, Permit, RequestContext, RequestBody) -> Fut + Send + Sync + 'static,
    ) {
        self.by_body(Method::POST, path, operation, handler);
    }

    /// The same by the other methods that LiteLLM has for it.
    pub fn patch<Fut: Answers>(
        &mut self,
        path: &'static str,
        operation: Operation,
        handler: impl Fn(ManagementState, Permit, RequestContext, RequestBody) -> Fut + Send + Sync + 'static,
    ) {
        self.by_body(Method::PATCH, path, operation, handler);
    }

    pub fn delete<Fut: Answers>(
        &mut self,
        path: &'static str,
        operation: Operation,
        handler: impl Fn(ManagementState, Permit, RequestContext, RequestBody) -> Fut + Send + Sync + 'static,
    ) {
        self.by_body(Method::DELETE, path, operation, handler);
    }

    /// A route for those who have no key yet. It must be open by its row of [`stargate_core::policy::ROUTES`].
    pub fn open<Fut: Answers>(
        &mut self,
        method: Method,
        path: &'static str,
        operation: Operation,
        handler: impl Fn(ManagementState, RequestContext, RequestBody) -> Fut + Send + Sync + 'static,
    ) {
        let handler: Opens = Arc::new(move |app, ask, fields| Box::pin(handler(app, ask, fields)));
        self.add(method, path, operation, move |app, request| {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let (ask, fields) = authorize::admit_anonymous(&app, operation, request).await?;
                handler(app, ask, fields).await
            })
        });
    }

    /// The router, with the document of its routes.
    pub fn finish(self) -> Router<ManagementState> {
        let (described, written) = (Arc::new(self.described), Arc::new(OnceLock::new()));
        // The same for everybody, and no secret: clients read it before they have a key.
        let response = move |State(app): State<ManagementState>| {
            let text: &Bytes = written.get_or_init(|| document(&described).to_string().into());
            let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=3600")];
            let response = (headers, text.clone()).into_response();
            ready(authorize::into_response(Ok(response), app.clock.now()))
        };
        self.router.route(DOCUMENT, axum::routing::get(response))
    }

    fn by_body<Fut: Answers>(
        &mut self,
        method: Method,
        path: &'static str,
        operation: Operation,
        handler: impl Fn(ManagementState, Permit, RequestContext, RequestBody) -> Fut + Send + Sync + 'static,
    ) {
        let handler: Changes =
            Arc::new(move |app, permit, ask, fields| Box::pin(handler(app, permit, ask, fields)));
        self.add(method, path, operation, move |app, request| {
            let handler = Arc::clone(&handler);
            Box::pin(async move {
                let (app, permit, ask, fields) =
                    authorize::permitted_by_body(app, operation, request).await?;
                handler(app, permit, ask, fields).await
            })
        });
    }

    fn add(
        &mut self,
        method: Method,
        path: &'static str,
        operation: Operation,
        handler: impl Fn(ManagementState, Request) -> ResponseFuture + Clone + Send + Sync + 'static,
    ) {
        let filter = match method {
            Method::GET => MethodFilter::GET,
            Method::PATCH => MethodFilter::PATCH,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::POST,
        };
        let route = on(filter, move |State(app): State<ManagementState>, request: Request| async move {
            let now = app.clock.now();
            authorize::into_response(handler(app, request).await, now)
        });
        self.router = take(&mut self.router).route(path, route);
        self.described.push(RouteOperation { method, path, operation });
    }
}
