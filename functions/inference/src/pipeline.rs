//! One call, from its request to its answer, whatever its client speaks.

pub mod admission;
pub mod authenticate;
pub mod body_limits;
pub mod deadline;
mod fallback;
pub mod in_flight;
pub mod lease_renewal;
pub mod refusal_log;
pub mod response_headers;
pub mod retry;
pub mod settlement;
pub mod state;
pub mod stream;
pub mod token_bound;
pub mod usage_meter;

use axum::body::{Body, Bytes};
use axum::extract::Request as HttpRequest;
use axum::response::{IntoResponse, Response};
use futures_util::join;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use shared::api::{ApiError, ErrorFormat};
use shared::runtime::offload::{LARGE_BODY, offload_if};
use shared::store::{Admission, KeyRef};
use stargate_core::catalog::Model;
use stargate_core::id::RequestId;
use stargate_core::spend::Status;
use tokio::time::Instant;

use crate::bedrock_client::BedrockCall;
use crate::bedrock_client::config::Target;
use crate::bedrock_client::guardrail;
use crate::bedrock_client::request_options::RequestOptions;
use crate::formats::{Api, ApiFormat, ChatRequest, ResponseWriter};
use crate::pipeline::state::InferenceState;
use admission::{AdmissionDenied, CallEstimate, admit, means_another, resolve_model};
use authenticate::{authenticate, recreate_token_key};
use deadline::Deadline;
use fallback::FallbackChain;
use in_flight::streaming_call::StreamingCall;
use in_flight::{InFlightCall, RequestMetadata};
use retry::{RetryingCall, UpstreamFailure};
use token_bound::{CountTokensRequest, TokenBound};
use usage_meter::UsageMeter;

/// Added to a count, which Anthropic calls an estimate: this many tokens, or a hundredth of it.
const COUNT_MARGIN: u64 = 16;

/// Tries of a request whose key is given other names of models meanwhile.
const MAX_ATTEMPTS: u32 = 3;

/// Answers a request in its API format, streamed if it asks for that.
pub async fn answer(app: &InferenceState, format: &ApiFormat, request: HttpRequest) -> Response {
    match Box::pin(handle_request(app, format, request)).await {
        Ok(answer) => answer,
        Err(fault) => refuse(app, format.shape(), &fault),
    }
}

/// A fault in its route's shape. It has an id of its own: no call was admitted under one, or that one is settled.
pub fn refuse(app: &InferenceState, shape: ErrorFormat, fault: &ApiError) -> Response {
    let id = RequestId::generate(app.clock.now().ms());
    let id = id.map_or_else(|_| "req_unknown".to_owned(), |id| format!("req_{id}"));
    let mut response = shape.answer(fault, &id);
    response_headers::put(response.headers_mut(), response_headers::REQUEST_ID, id);
    response
}

async fn handle_request(
    app: &InferenceState,
    format: &ApiFormat,
    request: HttpRequest,
) -> Result<Response, ApiError> {
    let deadline = Deadline::from_request(&request, app.clock.now());
    let (app, pointer) = &authenticate(app, request.headers()).await?;
    let (sent, body) = format.body(request, app.settings.max_body).await?;
    let is_large = body.len() >= LARGE_BODY;
    let work = Box::pin(respond(app, pointer, format, (sent, body), deadline));
    offload_if(is_large, work).await
}

/// The response to a body that was read.
async fn respond(
    app: &InferenceState,
    pointer: &KeyRef,
    format: &ApiFormat,
    (sent, body): (HeaderMap, Bytes),
    deadline: Deadline,
) -> Result<Response, ApiError> {
    body_limits::check(&body)?;
    let asking = format.read(&sent, &body)?;
    let asked = InferenceRequest { app, pointer, asking: asking.as_ref(), sent: &sent, deadline };
    let (mut ready, mut chain) = asked.admit_first().await?;
    while let Some(following) = chain.rest.next() {
        ready.has_next = true;
        let ended = match run(app, ready).await {
            Ok(answer) => return Ok(answer),
            Err(ended) if !ended.passes => return Err(ended.fault),
            Err(ended) => ended.fault,
        };
        ready = match asked.next_fallback(following, &mut chain).await {
            Some(ready) => ready,
            // None of them is for this request: then it is tried as if there were none.
            None => asked.in_time(&chain.first, None).await.ok_or(ended)?,
        };
    }
    // Megabytes, and a model may take minutes: only what is sent to it is kept.
    drop(asking);
    drop(body);
    run(app, ready).await.map_err(|ended| ended.fault)
}

/// A request that was read, and who sent it.
struct InferenceRequest<'a> {
    app: &'a InferenceState,
    pointer: &'a KeyRef,
    asking: &'a dyn ChatRequest,
    sent: &'a HeaderMap,
    deadline: Deadline,
}

/// A call that is admitted, and all that is needed to make it.
struct AdmittedCall {
    running: InFlightCall,
    api: Api,
    heals: bool,
    call: BedrockCall,
    streams: bool,
    /// Whether the model may think unseen from the start; and if so, whether it shows what it thinks in full.
    hides_output: Option<bool>,
    teller: Box<dyn ResponseWriter>,
    /// What the answer's head will say.
    told: HeaderMap,
    /// Whether there is another target, should this one be busy.
    has_next: bool,
}

impl InferenceRequest<'_> {
    /// The request to what it names, and where else it may go.
    async fn admit_first(&self) -> Result<(AdmittedCall, FallbackChain), ApiError> {
        let (app, asked) = (self.app, self.asking.model());
        let secret = &self.pointer.holder.secret;
        let mut tries = 0;
        loop {
            tries += 1;
            let model = resolve_model(app, secret, asked).await?;
            let target = Target { model: model.clone(), region: None };
            match self.prepare_call(&target, None).await {
                Ok(Ok(ready)) => {
                    let model = app.catalog.find(&model);
                    let rest =
                        model.map(|model| app.upstream.fallbacks(model)).unwrap_or_default().into_iter();
                    return Ok((ready, FallbackChain { first: target, rest }));
                }
                Ok(Err(denied)) if denied.is_renamed && tries < MAX_ATTEMPTS => {}
                // The key that stands in for a token may have been deleted: then there is another.
                Ok(Err(denied))
                    if denied.is_unknown()
                        && tries < MAX_ATTEMPTS
                        && recreate_token_key(app, self.sent).await? => {}
                Ok(Err(denied)) => return Err(refusal_log::record_refusal(app, denied, asked).await),
                // No reservation has proven what the key calls models: it may be another by now.
                Err(_) if tries < MAX_ATTEMPTS && means_another(app, self.pointer, asked, &model).await => {}
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Brings the request to the point where a target can be asked, or says what stood against its admission.
    async fn prepare_call(
        &self,
        target: &Target,
        fallback_from: Option<&str>,
    ) -> Result<Result<AdmittedCall, AdmissionDenied>, ApiError> {
        let (app, asking) = (self.app, self.asking);
        let model = &app.upstream.with_tier_prices(find(app, &target.model)?);
        let output = asking.output(model)?;
        // A body that Bedrock cannot take is refused before anything is reserved.
        let mut said = asking.to_bedrock(model, output.max_tokens)?;
        let own_guardrail = app.upstream.guardrail(model);
        guardrail::check_client_guardrail(&said, own_guardrail)?;
        if own_guardrail.is_some() {
            guardrail::reject_guardrail_overrides(&said)?;
        }
        let demand = CallEstimate {
            model,
            asked: asking.model(),
            bound: token_bound::bound_tokens(&said, model),
            output,
            likely: token_bound::likely_tokens(&said.body, output.max_tokens),
        };
        let admitted = admit_or_count(app, &self.pointer.holder.secret, demand, said.api, &said.body);
        let fresh = app.offering.refresh_if_stale(&app.store, app.clock.now());
        let (admission, bound) = match join!(admitted, fresh).0 {
            Ok(admitted) => admitted,
            Err(denied) => return Ok(Err(denied)),
        };
        let meter = UsageMeter::new(model.prices, *admission.quote(), bound.caching);
        let about = RequestMetadata::from_headers(self.sent, fallback_from, target.region.as_deref());
        let meter = if asking.streams() { meter } else { meter.blind() };
        let mut running = InFlightCall::new(
            (app.settler(), app.abandonment.clone()),
            admission,
            meter,
            about,
            self.deadline,
        );
        let admission = running.leases.admission().clone();
        let granted = admission.quote().max_tokens;
        if granted < output.max_tokens {
            said = match asking.to_bedrock(model, granted) {
                Ok(said) => said,
                Err(fault) => {
                    // It fits no shorter answer: what was reserved is given back.
                    running.settle_free().await;
                    return Err(fault);
                }
            };
        }
        let tier = app.upstream.service_tier(model);
        let (api, heals, streams) = (said.api, said.heals, asking.streams());
        let hides_output = token_bound::hides_output(&said, model);
        let call = RequestOptions { guardrail: own_guardrail, tier, admission: &admission }.call(
            said,
            streams,
            &model.invoke_id,
            target.region.clone(),
        );
        let mut told = response_headers::limits(&admission, output.asked, app.clock.now());
        response_headers::target(&mut told, &model.name, target.region.as_deref());
        let began = running.request().started_ms() / 1000;
        let teller = asking.teller(model, &stream::request_id(&running), began);
        Ok(Ok(AdmittedCall {
            running,
            api,
            heals,
            call,
            streams,
            hides_output,
            teller,
            told,
            has_next: false,
        }))
    }
}

/// The model that a request names.
pub fn find<'a>(app: &'a InferenceState, name: &str) -> Result<&'a Model, ApiError> {
    app.catalog.find(name).ok_or_else(|| ApiError::NotFound {
        param: Some("model".to_owned()),
        message: format!("model: {name} is not in this gateway's catalogue"),
    })
}

/// Admits by the bound of the bytes; where that alone refuses, by Bedrock's exact count, which is free.
async fn admit_or_count(
    app: &InferenceState,
    secret: &stargate_core::secret::SecretHash,
    demand: CallEstimate<'_>,
    api: Api,
    body: &[u8],
) -> Result<(Admission, TokenBound), AdmissionDenied> {
    let denied = match admit(app, secret, &demand).await {
        Ok(admission) => return Ok((admission, demand.bound)),
        Err(denied) if !denied.is_about_money => return Err(denied),
        Err(denied) => denied,
    };
    let Some(CountTokensRequest { body, beside }) = token_bound::question(api, body) else {
        return Err(denied);
    };
    let tokens = match app.bedrock.count(&demand.model.base_id, body.into()).await {
        Ok(Some(tokens)) => {
            let margin = (tokens / 100).max(COUNT_MARGIN).saturating_add(beside);
            tokens.saturating_add(margin).min(demand.bound.tokens)
        }
        // No closer count is to be had, so the refusal stands.
        Ok(None) | Err(_) => return Err(denied),
    };
    let bound = TokenBound { tokens, ..demand.bound };
    let admission = admit(app, secret, &CallEstimate { bound, ..demand }).await?;
    Ok((admission, bound))
}

/// Makes an admitted call.
async fn run(app: &InferenceState, ready: AdmittedCall) -> Result<Response, UpstreamFailure> {
    let AdmittedCall { mut running, api, heals, call, streams, hides_output, mut teller, told, has_next } =
        ready;
    let id = stream::request_id(&running);
    let timeouts = app.upstream.timeouts;
    let patience = if streams { timeouts.open() } else { timeouts.buffered_timeout() };
    let attempt = RetryingCall { bedrock: &app.bedrock, api, call, heals, patience, has_next };
    let (mut answer, dropped) = if streams {
        let (opened, dropped) = attempt.open_response(&mut running).await?;
        let media_type = HeaderValue::from_static(teller.media_type());
        if let Some(shows_reasoning) = hides_output {
            running.meter.expect_hidden_output(shows_reasoning, Instant::now());
        }
        let call = StreamingCall { running, frames: opened.frames(), api, silence: timeouts.silence() };
        let events = stream::response_stream(call, teller);
        let mut response = Body::from_stream(events).into_response();
        response.headers_mut().insert(CONTENT_TYPE, media_type);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        (response, dropped)
    } else {
        let (message, metrics, dropped) = attempt.read_buffered(&mut running).await?;
        let told = buffered_response(&mut running, teller.as_mut(), message).await;
        let mut response = told.map_err(UpstreamFailure::without_fallback)?;
        response.headers_mut().extend(teller.counts(&metrics));
        (response, dropped)
    };
    answer.headers_mut().extend(told);
    response_headers::put_dropped_fields(answer.headers_mut(), &dropped);
    response_headers::put(answer.headers_mut(), response_headers::REQUEST_ID, id);
    Ok(answer)
}

/// An answer in one piece, settled before it leaves.
async fn buffered_response(
    running: &mut InFlightCall,
    teller: &mut dyn ResponseWriter,
    message: Bytes,
) -> Result<Response, ApiError> {
    // It leaves in one piece, so all of it must be covered first.
    if let Err(fault) = stream::wait_until_covered(running).await {
        running.settle(Status::Failure).await;
        return Err(fault);
    }
    let Ok(message) = teller.write_buffered(message) else {
        running.settle(Status::Failure).await;
        return Err(stream::upstream_error("the model's answer cannot be read"));
    };
    let cost = running.settle(Status::Success).await;
    let mut response = message.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response_headers::put(response.headers_mut(), response_headers::COST, response_headers::dollars(cost));
    Ok(response)
}
