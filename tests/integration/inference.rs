//! Inference through the front door: HTTP in, the real SDK to a scripted Bedrock out.

mod attacks;
mod bedrock_mode;
mod budgets;
mod clients;
mod fault_table;
mod faults;
mod hidden;
mod inputs;
mod large;
mod limits;
mod money;
mod notices;
mod outage;
mod priced;
mod refusals;
mod routes;
mod streams;
mod upstream;
mod upstream_names;
