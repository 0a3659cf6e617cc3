//! An update under construction: what it sets and removes, and under what condition.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// One `UpdateItem`, as text. Attribute names are written `#name` and become placeholders of that name, so that no
/// reserved word of DynamoDB can be met; names known only at run time are bound with [`UpdateExpression::bind`].
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct UpdateExpression {
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
    delete: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl UpdateExpression {
    pub fn set(mut self, assignment: impl Into<String>) -> Self {
        let assignment = self.register_names(assignment.into());
        self.set.push(assignment);
        self
    }

    pub fn remove(mut self, path: impl Into<String>) -> Self {
        let path = self.register_names(path.into());
        self.remove.push(path);
        self
    }

    pub fn add(mut self, addition: impl Into<String>) -> Self {
        let addition = self.register_names(addition.into());
        self.add.push(addition);
        self
    }

    /// Takes elements out of a set.
    pub fn take(mut self, subtraction: impl Into<String>) -> Self {
        let subtraction = self.register_names(subtraction.into());
        self.delete.push(subtraction);
        self
    }

    /// One more condition; all must hold.
    pub fn condition(mut self, condition: impl Into<String>) -> Self {
        let condition = self.register_names(condition.into());
        self.conditions.push(condition);
        self
    }

    /// What the placeholder `#placeholder` stands for.
    pub fn bind(mut self, placeholder: &str, name: impl Into<String>) -> Self {
        self.names.insert(format!("#{placeholder}"), name.into());
        self
    }

    /// What `:placeholder` stands for.
    pub fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{placeholder}"), value);
        self
    }

    /// Sets `attribute` to `value`, or removes it.
    pub fn put(self, attribute: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(format!("#{attribute} = :{attribute}")).value(attribute, value),
            None => self.remove(format!("#{attribute}")),
        }
    }

    /// Takes note of the names in an expression that stand for themselves.
    fn register_names(&mut self, expression: String) -> String {
        // What stands before the first `#` is no name.
        for tail in expression.split('#').skip(1) {
            let end = tail.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(tail.len());
            let (name, _) = tail.split_at(end);
            self.names.entry(format!("#{name}")).or_insert_with(|| name.to_owned());
        }
        expression
    }

    pub fn update_expression(&self) -> String {
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let all = [
            clause("SET", &self.set),
            clause("REMOVE", &self.remove),
            clause("ADD", &self.add),
            clause("DELETE", &self.delete),
        ];
        all.concat().trim_end().to_owned()
    }

    pub fn condition_expression(&self) -> Option<String> {
        (!self.conditions.is_empty()).then(|| self.conditions.join(" AND "))
    }

    pub fn names(&self) -> HashMap<String, String> {
        self.names.clone()
    }

    pub fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_always_placeholders() {
        let change = UpdateExpression::default()
            .bind("r", "0abc")
            .set("#leases.#r = :lease")
            .remove("#req.#old0")
            .bind("old0", "29383500")
            .condition("attribute_not_exists(#leases.#r)");
        assert_eq!(change.update_expression(), "SET #leases.#r = :lease REMOVE #req.#old0");
        let names = change.names();
        for (placeholder, name) in
            [("#leases", "leases"), ("#r", "0abc"), ("#req", "req"), ("#old0", "29383500")]
        {
            assert_eq!(names.get(placeholder).map(String::as_str), Some(name));
        }
    }
}
