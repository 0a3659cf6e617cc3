//! What was spent: records, and sums of them.

mod activity;
mod calculate;
mod entry;
mod logs;
mod report;
mod row;
mod sessions;
mod span;
mod tags;

pub use span::DateRange;

use crate::routes::Routes;

/// The routes of what was spent.
pub fn routes(routes: &mut Routes) {
    routes.get("/user/daily/activity", activity::OPERATION, activity::activity);
    routes.get("/spend/logs", logs::OPERATION, logs::logs);
    routes.get("/spend/tags", tags::OPERATION, tags::tags);
    routes.get("/spend/keys", report::KEYS, report::by_key);
    routes.get("/spend/users", report::USERS, report::by_user);
    routes.get("/spend/sessions", sessions::OPERATION, sessions::sessions);
    routes.post("/spend/calculate", calculate::OPERATION, calculate::calculate);
    routes.get("/global/spend/report", report::REPORT, report::report);
}
