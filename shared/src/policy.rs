//! Who may do what: one table of routes and callers.

/// Who asks. Issued by `auth`, which checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Holds the master key, and the second secret where one is configured.
    Administrator,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Administrator,
}

/// Every management route. A request for one that has no row is refused, so a route cannot exist without one.
pub const ROUTES: &[(&str, &str, Access)] = &[
    ("POST", "/user/new", Access::Administrator),
    ("GET", "/user/info", Access::Administrator),
    ("GET", "/user/list", Access::Administrator),
    ("POST", "/user/update", Access::Administrator),
    ("POST", "/user/delete", Access::Administrator),
    ("POST", "/key/generate", Access::Administrator),
    ("GET", "/key/list", Access::Administrator),
    ("POST", "/key/delete", Access::Administrator),
    ("GET", "/spend/logs", Access::Administrator),
];

/// Leave to call one management route. Only [`may_manage`] makes one.
#[derive(Clone, Debug)]
pub struct Permit {
    _caller: Caller,
}

/// The caller may not use the route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not allowed to call this route")]
pub struct Forbidden;

/// Whether `caller` may use a route, by the table.
pub fn may_manage(caller: Caller, method: &str, path: &str) -> Result<Permit, Forbidden> {
    let row = ROUTES.iter().find(|(verb, route, _)| *verb == method && *route == path);
    match (row.map(|(_, _, access)| access), caller) {
        (Some(Access::Administrator), caller @ Caller::Administrator) => Ok(Permit { _caller: caller }),
        (None, _) => Err(Forbidden),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_without_a_row_is_refused_to_everyone() {
        assert!(may_manage(Caller::Administrator, "POST", "/user/new").is_ok());
        for (method, path) in [("GET", "/user/new"), ("POST", "/user/new/"), ("POST", "/anything")] {
            assert_eq!(
                may_manage(Caller::Administrator, method, path).err(),
                Some(Forbidden),
                "{method} {path}"
            );
        }
    }
}
