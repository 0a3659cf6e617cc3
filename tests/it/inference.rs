//! Inference through the front door: HTTP in, the real SDK to a scripted Bedrock out.

mod budgets;
mod clients;
mod faults;
mod inputs;
mod limits;
mod notices;
mod outage;
mod refusals;
mod routes;
mod streams;
