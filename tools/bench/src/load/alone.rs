//! orders-api alone, compiled as for production, with the runtime API and the fake AWS, which keeps the last transaction.

use std::time::Duration;

use gridbid_devkit::context::Context;
use gridbid_devkit::failure::Failure;
use gridbid_devkit::progress::Step;
use serde_json::Value;

use super::usage::{Limits, Usage};
use super::{Process, System};
use crate::functions::aws::FakeAws;
use crate::functions::execution::Execution;
use crate::functions::implementations::{CREATED, OURS, compile};
use crate::functions::measure::Endpoint;
use crate::functions::quota::Quota;
use crate::functions::{certificate, events};

const FOUND: &str = r#""statusCode":200"#;

/// The function and its surroundings, which end when this is dropped.
pub struct Alone {
    execution: Execution,
    _aws: FakeAws,
    _quota: Quota,
}

impl Alone {
    /// Compiles and starts the function.
    ///
    /// # Errors
    /// When it cannot be compiled, or does not respond.
    pub fn start(context: &Context, latency: Duration) -> Result<Self, Failure> {
        let layout = &context.layout;
        let function = context.step(&format!("compile {OURS} as for production"), |step| {
            Ok((compile(layout, OURS, step)?, String::new()))
        })?;
        let (acceptor, authorities) = certificate::generate(&layout.home().join("bench"))?;
        let aws = FakeAws::start(latency, acceptor)
            .map_err(|error| Failure::new(format!("cannot start the fake AWS: {error}")))?;
        let endpoint = Endpoint { url: aws.https_url(), authorities: Some(authorities) };
        let (first, quota) = (events::post_batch("first", 1), Quota::one_processor());
        let execution = Execution::start(&endpoint.apply_to(&function.launch), &quota, &first)?;
        execution.response(CREATED)?;
        Ok(Self { execution, _aws: aws, _quota: quota })
    }

    fn invoke(&self, event: &[u8], expected: &str) -> Result<(Duration, Vec<u8>), Failure> {
        let invocation = self.execution.invoke(event, expected)?;
        let response = invocation.result.map(|bytes| bytes.to_vec()).map_err(Failure::new)?;
        Ok((invocation.received.duration_since(invocation.sent), response))
    }
}

impl System for Alone {
    fn post(&self, batch: &str, orders: usize) -> Result<Duration, Failure> {
        Ok(self.invoke(&events::post_batch(batch, orders), CREATED)?.0)
    }

    fn get(&self, record_id: &str) -> Result<(Duration, String), Failure> {
        let (took, response) = self.invoke(&events::get_order(record_id), FOUND)?;
        let response: Option<Value> = serde_json::from_slice(&response).ok();
        let body = response.as_ref().and_then(|response| response.get("body")?.as_str());
        Ok((took, body.unwrap_or_default().to_owned()))
    }

    fn idle_time(&self) -> Duration {
        Duration::ZERO
    }

    fn settle(&self, _: &Step) -> Result<(), Failure> {
        // Reading the CPU time waits for the work after the last response.
        self.execution.cpu_time().map(drop)
    }

    fn processes(&self) -> Result<Vec<Process>, Failure> {
        Ok(vec![Process { name: OURS, usage: Usage::of(self.execution.pid())?, limits: Limits::default() }])
    }
}
