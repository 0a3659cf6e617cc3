//! `POST /v1/messages`: Anthropic's Messages API for Claude models.

use axum::body::{Body, Bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::response::{IntoResponse, Response};
use futures_util::join;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use shared::fault::Fault;
use shared::id::RequestId;
use shared::model::{MessageRules, Model};
use shared::pricing::Caching;
use shared::record::Status;
use shared::secret::SecretHash;
use shared::store::Admission;
use shared::web::{Shape, json_bytes};

use crate::App;
use crate::admit::{Demand, Denied, admit, enter, enter_again, means_another, meant};
use crate::dialect::anthropic::request::Request;
use crate::dialect::anthropic::rewrite::to_bedrock;
use crate::estimate::{self, Bound};
use crate::flow;
use crate::headers;
use crate::meter::Meter;
use crate::refusals;
use crate::running::{About, Running};

/// Added to a count, which Anthropic calls an estimate: this many tokens, or a hundredth of it.
const COUNT_MARGIN: u64 = 16;

/// Tries of a request whose key is given other names of models meanwhile.
const TRIES: u32 = 3;

/// The most tags of one request, and the longest, in bytes: each is kept with its record.
const MOST_TAGS: usize = 10;
const LONGEST_TAG: usize = 100;

/// Answers a Messages request, streamed if it asks for that.
pub async fn create(State(app): State<App>, request: HttpRequest) -> Response {
    match answer(&app, request).await {
        Ok(answer) => answer,
        Err(fault) => refuse(&app, &fault),
    }
}

/// A fault in Anthropic's shape. It has an id of its own: no call was admitted under one, or that one is settled.
pub fn refuse(app: &App, fault: &Fault) -> Response {
    let id = RequestId::generate(app.clock.now().ms());
    let id = id.map_or_else(|_| "req_unknown".to_owned(), |id| format!("req_{id}"));
    let mut answer = Shape::Anthropic.answer(fault, &id);
    headers::put(answer.headers_mut(), headers::REQUEST_ID, id);
    answer
}

async fn answer(app: &App, request: HttpRequest) -> Result<Response, Fault> {
    let (app, pointer) = &enter(app, request.headers()).await?;
    let (sent, body) = json_bytes(request, app.settings.max_body).await?;
    let request = Request::parse(&body)?;
    let mut tries = 0;
    let ready = loop {
        tries += 1;
        let model = meant(app, &pointer.holder.secret, &request.model).await?;
        match prepared(app, &pointer.holder.secret, (&request, &body), &model, &sent).await {
            Ok(Ok(ready)) => break ready,
            Ok(Err(denied)) if denied.is_renamed && tries < TRIES => {}
            // The key that stands in for a token may have been deleted: then there is another.
            Ok(Err(denied)) if denied.is_unknown() && tries < TRIES && enter_again(app, &sent).await? => {}
            Ok(Err(denied)) => return Err(refusals::recorded(app, denied, &request.model).await),
            // No reservation has proven what the key calls models: it may be another by now.
            Err(_) if tries < TRIES && means_another(app, pointer, &request.model, &model).await => {}
            Err(fault) => return Err(fault),
        }
    };
    // Megabytes, and a model may take minutes: only what is sent to it is kept.
    drop(request);
    drop(body);
    run(app, ready).await
}

/// A call that is admitted, and all that is needed to make it.
struct Ready<'a> {
    running: Running,
    model: &'a Model,
    body: Vec<u8>,
    streams: bool,
    limits: HeaderMap,
}

/// Brings a request to the point where Bedrock can be asked, or says what stood against its admission.
async fn prepared<'a>(
    app: &'a App,
    secret: &SecretHash,
    (request, body): (&Request<'_>, &[u8]),
    model: &str,
    sent: &HeaderMap,
) -> Result<Result<Ready<'a>, Denied>, Fault> {
    let (model, rules) = claude(app, model)?;
    let output = request.output(model)?;
    let betas = betas(sent);
    let prepare = |max_tokens| to_bedrock(request, rules, &betas, max_tokens);
    // A body that Bedrock cannot take is refused before anything is reserved.
    let mut upstream_body = prepare(output.max_tokens)?;

    let demand = Demand {
        model,
        asked: &request.model,
        bound: estimate::bound(body, model),
        output,
        likely: estimate::likely_tokens(body, output.max_tokens),
    };
    let admitted = admit_or_count(app, secret, demand, &upstream_body);
    let fresh = app.offering.freshen(&app.store, app.clock.now());
    let (admission, bound) = match join!(admitted, fresh).0 {
        Ok(admitted) => admitted,
        Err(denied) => return Ok(Err(denied)),
    };
    let granted = admission.quote().max_tokens;
    if granted < output.max_tokens {
        upstream_body = prepare(granted)?;
    }
    let limits = headers::limits(&admission, output.max_tokens, app.clock.now());
    let streams = request.stream;
    let running = start(app, admission, model, bound.caching, sent, streams);
    Ok(Ok(Ready { running, model, body: upstream_body, streams, limits }))
}

/// The model that a request names, if it is one that takes Messages bodies.
pub fn claude<'a>(app: &'a App, name: &str) -> Result<(&'a Model, &'a MessageRules), Fault> {
    let model = app.catalog.find(name).ok_or_else(|| Fault::NotFound {
        param: Some("model".to_owned()),
        message: format!("model: {name} is not in this gateway's catalogue"),
    })?;
    match &model.rules {
        Some(rules) => Ok((model, rules)),
        None => Err(Fault::invalid(
            "model",
            format!("{name} is not a Claude model, and only those are served here"),
        )),
    }
}

/// Admits by the bound of the bytes; where that alone refuses, by Bedrock's exact count, which is free.
async fn admit_or_count(
    app: &App,
    secret: &SecretHash,
    demand: Demand<'_>,
    upstream_body: &[u8],
) -> Result<(Admission, Bound), Denied> {
    let denied = match admit(app, secret, &demand).await {
        Ok(admission) => return Ok((admission, demand.bound)),
        Err(denied) if !denied.is_about_money => return Err(denied),
        Err(denied) => denied,
    };
    let count = app.bedrock.count_tokens(&demand.model.base_id, upstream_body.to_vec()).await;
    let tokens = match count {
        Ok(Some(tokens)) => tokens.saturating_add((tokens / 100).max(COUNT_MARGIN)).min(demand.bound.tokens),
        // No closer count is to be had, so the refusal stands.
        Ok(None) | Err(_) => return Err(denied),
    };
    let bound = Bound { tokens, ..demand.bound };
    let admission = admit(app, secret, &Demand { bound, ..demand }).await?;
    Ok((admission, bound))
}

fn start(
    app: &App,
    admission: Admission,
    model: &Model,
    caching: Caching,
    sent: &HeaderMap,
    streams: bool,
) -> Running {
    let text = |name: &str| sent.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let about = About {
        session: text("x-claude-code-session-id"),
        agent: text("x-claude-code-agent-id"),
        tags: text("x-litellm-tags").map(|list| tags(&list)).unwrap_or_default(),
    };
    let meter = Meter::new(model.prices, *admission.quote(), caching);
    Running::new(app, admission, if streams { meter } else { meter.blind() }, about)
}

/// What a client files its request under, for reports: the first few, and none that is long.
fn tags(list: &str) -> Vec<String> {
    let tags = list.split(',').map(str::trim).filter(|tag| !tag.is_empty() && tag.len() <= LONGEST_TAG);
    tags.take(MOST_TAGS).map(str::to_owned).collect()
}

async fn run(
    app: &App,
    Ready { mut running, model, body, streams, limits }: Ready<'_>,
) -> Result<Response, Fault> {
    let id = flow::request_id(&running);
    let mut answer = if streams {
        let chunks = flow::open(&mut running, &app.bedrock, &model.invoke_id, body).await?;
        let mut answer = Body::from_stream(flow::events(running, chunks)).into_response();
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        answer
    } else {
        let message: Bytes = flow::whole(&mut running, &app.bedrock, &model.invoke_id, body).await?;
        let cost = running.settle(Status::Success).await;
        let mut answer = message.into_response();
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers::put(answer.headers_mut(), headers::COST, headers::dollars(cost));
        answer
    };
    answer.headers_mut().extend(limits);
    headers::put(answer.headers_mut(), headers::REQUEST_ID, id);
    Ok(answer)
}

/// The betas that a client asks for, from every `anthropic-beta` header.
pub fn betas(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all("anthropic-beta").iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}
