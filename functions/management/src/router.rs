//! Every route.

#[cfg(test)]
mod tests;

use std::future::ready;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use shared::api;

use crate::authorize;
use crate::handlers::{audit, invitations, keys, models, organizations, sessions, spend, teams, users};
use crate::route_builder::Routes;
use crate::state::ManagementState;

/// The routes of teams and their members.
fn team_routes(routes: &mut Routes) {
    routes.post("/team/new", teams::new::OPERATION, teams::new::new);
    routes.post("/team/update", teams::update::OPERATION, teams::update::update);
    routes.post("/team/delete", teams::delete::OPERATION, teams::delete::delete);
    routes.post("/team/block", teams::block::BLOCK, teams::block::block);
    routes.post("/team/unblock", teams::block::UNBLOCK, teams::block::unblock);
    routes.get("/team/info", teams::info::OPERATION, teams::info::info);
    routes.get("/team/list", teams::list::OPERATION, teams::list::list);
    routes.post("/team/member_add", teams::member_add::OPERATION, teams::member_add::member_add);
    routes.post("/team/member_update", teams::member::UPDATE, teams::member::member_update);
    routes.post("/team/member_delete", teams::member::DELETE, teams::member::member_delete);
}

/// The routes of sessions and passwords.
fn session_routes(routes: &mut Routes) {
    routes.open(Method::POST, "/login", sessions::login::OPERATION, sessions::login::login);
    routes.open(Method::POST, "/v2/login", sessions::login::OPERATION, sessions::login::login);
    routes.post("/session/logout", sessions::logout::OPERATION, sessions::logout::logout);
    routes.post(
        "/user/password/change",
        sessions::change_password::OPERATION,
        sessions::change_password::change_password,
    );
}

/// The routes of users.
fn user_routes(routes: &mut Routes) {
    routes.post("/user/new", users::new::OPERATION, users::new::new);
    routes.get("/user/info", users::info::OPERATION, users::info::info);
    routes.get("/user/list", users::list::OPERATION, users::list::list);
    routes.get("/user/get_users", users::list::OPERATION, users::list::list);
    routes.get("/user/filter/ui", users::filter::OPERATION, users::filter::filter);
    routes.get("/user/available_roles", users::roles::OPERATION, users::roles::available_roles);
    routes.post("/user/update", users::update::OPERATION, users::update::update);
    routes.post("/user/delete", users::delete::OPERATION, users::delete::delete);
}

/// The routes of the audit log.
fn audit_routes(routes: &mut Routes) {
    routes.get("/audit", audit::LIST, audit::list);
    routes.get("/audit/{id}", audit::ENTRY, audit::get);
}

/// The routes of keys.
fn key_routes(routes: &mut Routes) {
    routes.post("/key/generate", keys::generate::OPERATION, keys::generate::generate);
    routes.post(
        "/key/service-account/generate",
        keys::service_account::OPERATION,
        keys::service_account::generate,
    );
    routes.post("/key/update", keys::update::OPERATION, keys::update::update);
    routes.post("/key/delete", keys::delete::OPERATION, keys::delete::delete);
    routes.post("/key/block", keys::block::BLOCK, keys::block::block);
    routes.post("/key/unblock", keys::block::UNBLOCK, keys::block::unblock);
    routes.post("/key/regenerate", keys::regenerate::OPERATION, keys::regenerate::regenerate);
    routes.post("/key/{key}/regenerate", keys::regenerate::OPERATION, keys::regenerate::regenerate);
    routes.post("/key/health", keys::health::OPERATION, keys::health::health);
    routes.get("/key/info", keys::info::OPERATION, keys::info::info);
    routes.get("/key/list", keys::list::OPERATION, keys::list::list);
}

/// The routes of models.
fn model_routes(routes: &mut Routes) {
    routes.get("/model/info", models::info::OPERATION, models::info::info);
    routes.get("/v1/model/info", models::info::OPERATION, models::info::info);
    routes.post("/model/new", models::new::OPERATION, models::new::new);
    routes.post("/model/update", models::update::OPERATION, models::update::update);
    routes.patch("/model/{id}/update", models::update::OPERATION, models::update::update);
    routes.post("/model/delete", models::delete::OPERATION, models::delete::delete);
}

/// The whole function: every route, and a 404 for the rest.
pub fn router(app: ManagementState) -> Router {
    let (stray, lost, clock) = (app.clone(), app.clone(), app.clock.clone());
    let router = every_route()
        .finish()
        .method_not_allowed_fallback(move |request: Request| ready(authorize::wrong_method(&stray, &request)))
        .fallback(move |request: Request| ready(authorize::no_route(&lost, &request)))
        .with_state(app);
    api::with_version_header(api::catch_panic(clock, router))
}

/// Every route, area by area.
fn every_route() -> Routes {
    let mut routes = Routes::default();
    user_routes(&mut routes);
    key_routes(&mut routes);
    team_routes(&mut routes);
    organization_routes(&mut routes);
    invitation_routes(&mut routes);
    session_routes(&mut routes);
    model_routes(&mut routes);
    spend_routes(&mut routes);
    audit_routes(&mut routes);
    routes
}

/// The routes of invitations.
fn invitation_routes(routes: &mut Routes) {
    routes.post("/invitation/new", invitations::new::OPERATION, invitations::new::new);
    routes.get("/invitation/info", invitations::info::OPERATION, invitations::info::info);
    routes.post("/invitation/accept", invitations::accept::OPERATION, invitations::accept::accept);
    routes.post("/invitation/delete", invitations::delete::OPERATION, invitations::delete::delete);
    routes.open(
        Method::GET,
        "/onboarding/get_token",
        invitations::open::OPERATION,
        invitations::open::get_onboarding_token,
    );
    routes.open(
        Method::POST,
        "/onboarding/claim_token",
        invitations::claim::OPERATION,
        invitations::claim::claim,
    );
}

/// The routes of what was spent.
fn spend_routes(routes: &mut Routes) {
    routes.get("/user/daily/activity", spend::activity::OPERATION, spend::activity::activity);
    routes.get("/spend/logs", spend::logs::OPERATION, spend::logs::logs);
    routes.get("/spend/tags", spend::tags::OPERATION, spend::tags::tags);
    routes.get("/spend/keys", spend::report::KEYS, spend::report::by_key);
    routes.get("/spend/users", spend::report::USERS, spend::report::by_user);
    routes.get("/spend/sessions", spend::sessions::OPERATION, spend::sessions::sessions);
    routes.post("/spend/calculate", spend::calculate::OPERATION, spend::calculate::calculate);
    routes.get("/global/spend/report", spend::report::REPORT, spend::report::report);
}

/// The routes of organizations and their members.
fn organization_routes(routes: &mut Routes) {
    routes.post("/organization/new", organizations::new::OPERATION, organizations::new::new);
    routes.patch("/organization/update", organizations::update::OPERATION, organizations::update::update);
    routes.delete("/organization/delete", organizations::delete::OPERATION, organizations::delete::delete);
    routes.get("/organization/info", organizations::show::INFO, organizations::show::info);
    routes.get("/organization/list", organizations::show::LIST, organizations::show::list);
    routes.post("/organization/member_add", organizations::member::ADD, organizations::member::member_add);
    routes.patch(
        "/organization/member_update",
        organizations::member::UPDATE,
        organizations::member::member_update,
    );
    routes.delete(
        "/organization/member_delete",
        organizations::member::DELETE,
        organizations::member::member_delete,
    );
}
