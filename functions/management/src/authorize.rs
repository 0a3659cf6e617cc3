//! Every route's way in and out: who asks, may they, what do they say.

use axum::extract::{MatchedPath, Request};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::Response;
use lambda_http::request::RequestContext as LambdaContext;
use shared::api::{ApiError, ErrorFormat, read_json_body};
use shared::auth;
use stargate_core::id::RequestId;
use stargate_core::moment::Moment;
use stargate_core::policy::{self, Caller, Permit};
use stargate_core::secret::Secret;

use crate::admin_auth::AdminAuthenticator;
use crate::openapi::operation::Operation;
use crate::request::body::RequestBody;
use crate::request::query::Query;
use crate::state::ManagementState;

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// Whom a caller says it acts for: recorded, and never believed.
const CHANGED_BY: HeaderName = HeaderName::from_static("litellm-changed-by");
/// The longest of it that is recorded, in characters.
const MAX_CLAIM_LEN: usize = 200;

/// The largest body of an open route, in bytes.
const MAX_OPEN: usize = 16 << 10;

/// What a permitted request says.
pub struct RequestContext {
    pub query: Query,
    /// The part of the path that names something, where the route has one.
    pub named: Option<String>,
    pub now: Moment,
    pub changed_by: Option<String>,
    /// The secret that was sent, if any: who sent it is told by the permit.
    pub presented: Option<Secret>,
}

impl RequestContext {
    fn read(request: &Parts, operation: Operation, now: Moment) -> Result<Self, ApiError> {
        let text = |value: &HeaderValue| Some(value.to_str().ok()?.chars().take(MAX_CLAIM_LEN).collect());
        let query = Query::read(&request.uri)?;
        query.reject_others(operation.query)?;
        Ok(Self {
            query,
            named: path_parameter(request),
            now,
            changed_by: request.headers.get(CHANGED_BY).and_then(text),
            presented: auth::extract_api_key(&request.headers),
        })
    }
}

/// What stands in the path where its route has a name in braces.
fn path_parameter(request: &Parts) -> Option<String> {
    let route = request.extensions.get::<MatchedPath>()?.as_str().split('/');
    let mut pairs = route.zip(request.uri.path().split('/'));
    pairs.find(|(part, _)| part.starts_with('{')).map(|(_, name)| name.to_owned())
}

/// Lets a request in that reads.
pub async fn authorize(
    app: ManagementState,
    operation: Operation,
    request: Request,
) -> Result<(ManagementState, Permit, RequestContext), ApiError> {
    let now = app.clock.now();
    let (request, _) = request.into_parts();
    let permit = permit(&app, &request, now).await?;
    let ask = RequestContext::read(&request, operation, now)?;
    Ok((current(app, now).await?, permit, ask))
}

/// Lets a request in that changes something. Nobody's body is read before it is known who they are.
pub async fn permitted_by_body(
    app: ManagementState,
    operation: Operation,
    request: Request,
) -> Result<(ManagementState, Permit, RequestContext, RequestBody), ApiError> {
    let now = app.clock.now();
    let (request, body) = request.into_parts();
    let permit = permit(&app, &request, now).await?;
    let ask = RequestContext::read(&request, operation, now)?;
    let fields = fields(Request::from_parts(request, body), operation, app.max_body).await?;
    Ok((current(app, now).await?, permit, ask, fields))
}

/// Lets in whoever has no key.
pub async fn admit_anonymous(
    app: &ManagementState,
    operation: Operation,
    request: Request,
) -> Result<(RequestContext, RequestBody), ApiError> {
    let now = app.clock.now();
    let (request, body) = request.into_parts();
    let is_open = policy::is_open(method(&request).as_str(), route(&request));
    if !is_open || matches!(app.entrance, AdminAuthenticator::Iam) {
        return Err(ApiError::Unauthenticated("No API key was sent"));
    }
    let ask = RequestContext::read(&request, operation, now)?;
    // Anybody may send it.
    let most = MAX_OPEN.min(app.max_body);
    Ok((ask, fields(Request::from_parts(request, body), operation, most).await?))
}

/// The fields of a body, at most `limit` bytes of it. Where a route takes none, nothing is read.
async fn fields(request: Request, operation: Operation, limit: usize) -> Result<RequestBody, ApiError> {
    if operation.fields().next().is_none() {
        return Ok(RequestBody::default());
    }
    let (_, body) = read_json_body(request, limit).await?;
    let fields = RequestBody::read(&body)?;
    fields.are_of(&operation)?;
    Ok(fields)
}

/// The function with the models that are offered now.
async fn current(app: ManagementState, now: Moment) -> Result<ManagementState, ApiError> {
    let catalog = app.offering.current(&app.store, now).await?;
    Ok(ManagementState { catalog, ..app })
}

fn route(request: &Parts) -> &str {
    request.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default()
}

/// A `HEAD` is answered by the `GET` route, without its body.
fn method(request: &Parts) -> &Method {
    if request.method == Method::HEAD { &Method::GET } else { &request.method }
}

async fn permit(app: &ManagementState, request: &Parts, now: Moment) -> Result<Permit, ApiError> {
    let (method, path) = (method(request), route(request));
    let holder = || auth::authenticate_key(&app.store, app.tokens.as_ref(), &request.headers, now);
    let permit = match &app.entrance {
        AdminAuthenticator::MasterKey(master) => {
            let caller = match master.admit(&request.headers).await {
                Some(administrator) => administrator,
                None => holder().await?,
            };
            policy::may_manage(caller, method.as_str(), path)
        }
        AdminAuthenticator::Iam => policy::may_manage(iam_identity(request)?, method.as_str(), path),
        AdminAuthenticator::SelfService => policy::may_serve_itself(holder().await?, method.as_str(), path),
    };
    Ok(permit?)
}

/// Whose signature API Gateway has checked. It is told by the event and by nothing that a client can send.
fn iam_identity(request: &Parts) -> Result<Caller, ApiError> {
    let arn = match request.extensions.get::<LambdaContext>() {
        Some(LambdaContext::ApiGatewayV1(context)) => context.identity.user_arn.clone(),
        _ => None,
    };
    let actor = arn.ok_or(ApiError::Unauthenticated("API Gateway has checked no IAM identity"))?;
    Ok(Caller::Administrator { actor })
}

/// The answer to a path that is no route.
pub fn no_route(app: &ManagementState, request: &Request) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    into_response(Err(ApiError::NoRoute { method, path }), app.clock.now())
}

/// The answer to a route's path asked with another method.
pub fn wrong_method(app: &ManagementState, request: &Request) -> Response {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    into_response(Err(ApiError::WrongMethod { method, path }), app.clock.now())
}

pub fn into_response(answer: Result<Response, ApiError>, now: Moment) -> Response {
    let id = RequestId::of_answer(now.ms());
    let mut response = answer.unwrap_or_else(|fault| ErrorFormat::Plain.answer(&fault, id.as_str()));
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
