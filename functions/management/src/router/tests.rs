//! The routes, their descriptions and the role table agree.

use stargate_core::policy;

use super::every_route;
use crate::openapi::field_schemas::word;
use crate::openapi::operation::RouteOperation;

#[test]
fn every_name_of_every_operation_has_a_meaning() {
    let routes = every_route();
    let described = &routes.described;
    let names = |described: &RouteOperation| -> Vec<&'static str> {
        let operation = described.operation;
        operation
            .query
            .iter()
            .copied()
            .chain(operation.fields())
            .chain(operation.needs.iter().copied())
            .collect()
    };
    for operation in described {
        for name in names(operation) {
            assert!(word(name).is_some(), "{} {}: {name}", operation.method, operation.path);
        }
        for name in operation.operation.needs {
            let is_taken = operation.operation.query.contains(name)
                || operation.operation.fields().any(|own| own == *name);
            assert!(is_taken, "{}: needs {name} and does not take it", operation.path);
        }
    }
}

#[test]
fn every_row_of_the_role_table_is_a_route_and_the_other_way_round() {
    let routes = every_route();
    let described = &routes.described;
    for row in policy::ROUTES.iter().filter(|row| row.path != "/openapi.json") {
        let is_served = described.iter().any(|own| own.path == row.path && own.method.as_str() == row.method);
        assert!(is_served, "{} {}", row.method, row.path);
    }
    for own in described {
        let has_row =
            policy::ROUTES.iter().any(|row| own.path == row.path && own.method.as_str() == row.method);
        assert!(has_row, "{} {}", own.method, own.path);
    }
}
