//! Results runs: executions of the state machine, and what they do to the table of runs.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use gridbid_core::{expiry::Timestamp, name::Slot};
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use crate::{
    functions::invoke,
    machine::{self, EVALUATION_FAILED, Path, Services, TaskError},
    ports::PLATFORM_AWAY,
    runs_table::{Change, Item, number, text},
    schedule::{Effect, Function, Place},
    terraform::MONITORING,
    world::{World, second_of},
};

/// One execution.
pub struct Run {
    pub arn: String,
    pub slot: String,
    /// Faults that hit its calls and those of its functions.
    pub faults: Cell<u32>,
    pub is_denied: Cell<bool>,
    /// The error that ended it; `None` inside if it succeeded.
    pub end: RefCell<Option<Option<TaskError>>>,
    task: RefCell<Option<AbortHandle>>,
}

impl Run {
    pub fn count_fault(&self, effect: Effect) {
        self.faults.set(self.faults.get() + 1);
        self.is_denied.set(self.is_denied.get() || effect == Effect::Deny);
    }

    fn has_ended(&self) -> bool {
        self.end.borrow().is_some()
    }
}

/// Tolerance for clocks that differ, in seconds.
pub const CLOCK_TOLERANCE: u64 = 12;
/// A run that fails although no more calls failed than this gave up too early: every call has more retries.
const TOLERATED_FAULTS: u32 = 2;

/// Starts an execution.
pub fn start(world: &Rc<World>, input: Value) -> Rc<Run> {
    let number = world.observations.borrow().runs.len() + 1;
    let slot = input["slot"].as_str().or(input["scheduled_time"].as_str()).unwrap().to_owned();
    let run = Rc::new(Run {
        arn: format!("run-{number}"),
        slot,
        faults: Cell::default(),
        is_denied: Cell::default(),
        end: RefCell::default(),
        task: RefCell::default(),
    });
    world.note(|| format!("{} of slot {} starts with {input}", run.arn, run.slot));
    world.observations.borrow_mut().runs.push(Rc::clone(&run));
    let (inner, of_task) = (Rc::clone(world), Rc::clone(&run));
    let task = world.spawn(async move {
        let millis = inner.host_millis();
        let seconds = Timestamp::from_unix_seconds(millis / 1_000).to_string();
        let started = format!("{}.{:03}Z", seconds.trim_end_matches('Z'), millis % 1_000);
        let execution = json!({"Id": of_task.arn, "StartTime": started});
        let surroundings = Surroundings { world: &inner, run: &of_task };
        let result = machine::run(&inner.definition, &surroundings, execution, input).await;
        end(&inner, &of_task, result.err());
    });
    *run.task.borrow_mut() = Some(task);
    run
}

/// Ends an execution from outside. It releases nothing.
pub fn abort(world: &Rc<World>, run: &Run) {
    if !run.has_ended() {
        run.task.borrow().iter().for_each(AbortHandle::abort);
        end(world, run, Some(TaskError::new("Aborted", "")));
    }
}

/// Records the end, and publishes the event of a failure as the rule in Terraform selects it.
fn end(world: &Rc<World>, run: &Run, error: Option<TaskError>) {
    world.note(|| format!("{} ends: {error:?}", run.arn));
    *run.end.borrow_mut() = Some(error.clone());
    let Some(error) = error else { return };
    if let Some(why) = unjustified(world, run, &error) {
        world.violate(|| format!("{} of slot {} failed with {}: {why}", run.arn, run.slot, error.error));
    }
    if error.error != "Aborted" && run.faults.get() <= TOLERATED_FAULTS {
        let runs = world.runs.borrow();
        let item = runs.items().get(&format!("slot#{}", run.slot));
        if item.is_some_and(|item| text(item, "owner") == Some(&run.arn) && number(item, "lease_until") != Some(0)) {
            world.violate(|| format!("{} failed without releasing slot {}", run.arn, run.slot));
        }
    }
    let status = match error.error.as_str() {
        "Aborted" => "ABORTED",
        // The limit of the whole execution, not that of a task.
        "States.Timeout" if error.cause.is_empty() => "TIMED_OUT",
        _ => "FAILED",
    };
    if MONITORING.rule.matches(status, &error.error) {
        let event = json!({
            "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states",
            "detail": {"executionArn": run.arn, "status": status, "error": error.error, "cause": error.cause},
        });
        world.publish(&event.to_string());
    }
}

/// Why nothing that happened explains a run's failure; `None` if something does.
fn unjustified(world: &World, run: &Run, error: &TaskError) -> Option<String> {
    let faults = run.faults.get();
    match error.error.as_str() {
        "Aborted" => None,
        EVALUATION_FAILED => Some(error.cause.clone()),
        "Unavailable" if error.cause.contains(PLATFORM_AWAY) => {
            Some("an outage of the platform fails no run".to_owned())
        }
        "LeaseLost" => {
            let runs = world.runs.borrow();
            let owner = runs.items().get(&format!("slot#{}", run.slot)).and_then(|item| text(item, "owner"));
            if owner == Some(run.arn.as_str()) {
                return Some("it has the lease".to_owned());
            }
            let may_expire = world.schedule.may_lose_lease() || faults > TOLERATED_FAULTS;
            (!may_expire).then(|| "its lease expired although nothing stalled it".to_owned())
        }
        "OrdersFailed" => unjustified_failures(world, run),
        "DeadlinePassed" => {
            let second = second_of(&run.slot);
            let is_late = world.schedule.is_slot_delayed(second / world.schedule.period);
            (faults == 0 && !is_late).then(|| "the platform was there".to_owned())
        }
        "ContractBroken" if Slot::parse(&run.slot).is_err() => None,
        "ContractBroken" => {
            let is_broken = world.schedule.is_slot_broken(second_of(&run.slot) / world.schedule.period);
            let is_late = error.cause.contains("is closed already");
            (!run.is_denied.get() && !is_broken && !is_late).then(|| error.cause.clone())
        }
        _ => (faults <= TOLERATED_FAULTS).then(|| format!("only {faults} of its calls failed")),
    }
}

/// Why failed orders of a run should not have failed.
fn unjustified_failures(world: &World, run: &Run) -> Option<String> {
    let summary = world.summary(&run.slot)?;
    for failure in summary["failures"].as_array().into_iter().flatten() {
        let justified = match failure["error"].as_str().unwrap() {
            "ContractBroken" => {
                run.is_denied.get() || world.schedule.is_slot_malformed(second_of(&run.slot) / world.schedule.period)
            }
            "OrderRejected" => false,
            _ => run.faults.get() > TOLERATED_FAULTS,
        };
        if !justified {
            return Some(format!("only {} of its calls failed, but {failure}", run.faults.get()));
        }
    }
    None
}

/// The integrations of one execution.
struct Surroundings<'a> {
    world: &'a Rc<World>,
    run: &'a Rc<Run>,
}

impl Services for Surroundings<'_> {
    async fn call(&self, resource: &str, arguments: Value) -> Result<Value, TaskError> {
        let place = match resource {
            "arn:aws:states:::dynamodb:updateItem" => Place::RunsUpdate,
            "arn:aws:states:::dynamodb:getItem" => Place::RunsRead,
            "arn:aws:states:::aws-sdk:dynamodb:query" => Place::RunsCount,
            "arn:aws:states:::lambda:invoke" => return self.invoke(arguments).await,
            other => panic!("the simulation knows no integration `{other}`"),
        };
        self.world.pass_time("request", 2, 20).await;
        let lost = || TaskError::new("DynamoDB.SdkClientException", "no response in time");
        let effect = self.world.fault(place, Some(self.run));
        match effect {
            Some(Effect::Throttle) => {
                return Err(TaskError::new("DynamoDB.ProvisionedThroughputExceededException", "throttled"));
            }
            Some(Effect::LoseRequest) => return Err(lost()),
            Some(Effect::Slow(seconds)) => tokio::time::sleep(Duration::from_secs(seconds)).await,
            _ => {}
        }
        let result = match place {
            Place::RunsUpdate => {
                let updated = self.world.runs.borrow_mut().update(&arguments);
                updated.map(|(response, change)| {
                    self.observe(&change);
                    response
                })
            }
            Place::RunsRead => self.world.runs.borrow().get(&arguments),
            _ => self.world.runs.borrow().count(&arguments),
        };
        if effect == Some(Effect::LoseResponse) {
            return Err(lost());
        }
        self.world.pass_time("response", 2, 20).await;
        result
    }

    fn millis(&self) -> u64 {
        self.world.host_millis()
    }

    fn random(&self) -> f64 {
        self.world.dice("jitter").fraction()
    }

    async fn enter(&self, state: &str) {
        const CAN_STALL: [&str; 5] = ["RenewLease", "HoldForOrders", "StoreOrders", "CloseRun", "FinishRun"];
        if let Some(name) = CAN_STALL.into_iter().find(|name| *name == state)
            && let Some(Effect::Slow(seconds)) = self.world.fault(Place::State(name), None)
        {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
        self.world.note(|| format!("{} enters {state}", self.run.arn));
    }

    fn take(&self, state: &str, path: Path) {
        self.world.coverage.borrow_mut().take_path(state, path);
    }
}

impl Surroundings<'_> {
    async fn invoke(&self, arguments: Value) -> Result<Value, TaskError> {
        let name = arguments["FunctionName"].as_str().unwrap();
        let function = Function::ALL.into_iter().find(|function| function.name() == name).unwrap();
        let output = invoke(self.world, function, arguments["Payload"].to_string(), Some(Rc::clone(self.run))).await?;
        let payload: Value = serde_json::from_str(&output).unwrap();
        Ok(json!({"ExecutedVersion": "1", "StatusCode": 200, "Payload": payload}))
    }

    /// Checks a change of a slot: one owner at a time, done once, and nobody else's.
    fn observe(&self, Change { id, before, after }: &Change) {
        let (world, arn) = (self.world, self.run.arn.as_str());
        world.note(|| format!("{arn} writes {id}: {}", describe(after)));
        let empty = Item::new();
        let before = before.as_ref().unwrap_or(&empty);
        let now = world.host_millis() / 1_000;
        let owner = text(before, "owner");
        let is_leased = number(before, "lease_until").is_some_and(|until| until > now + CLOCK_TOLERANCE);
        if owner != Some(arn) && is_leased {
            world.violate(|| format!("{arn} changed {id}, which {} has leased", owner.unwrap_or("nobody")));
        }
        if text(after, "owner") != Some(arn) {
            world.violate(|| format!("{arn} changed {id}, which it does not own"));
        }
        let is_same_attempt = number(before, "attempt") == number(after, "attempt");
        if before.contains_key("done_at") && is_same_attempt && owner != Some(arn) {
            world.violate(|| format!("{arn} changed {id}, which is done"));
        }
        let attempts = [before, after].map(|item| number(item, "attempt").unwrap_or(0));
        if attempts[1] < attempts[0] || attempts[1] > attempts[0] + 1 {
            world.violate(|| format!("{arn} changed the attempt of {id} from {} to {}", attempts[0], attempts[1]));
        }
        if !is_same_attempt && attempts[0] > 0 {
            let mut observations = world.observations.borrow_mut();
            if !observations.attempts.insert((id.clone(), arn.to_owned())) {
                drop(observations);
                world.violate(|| format!("{arn} began two attempts of {id}"));
            }
        }
        let is_open = after.contains_key("open") && after.contains_key("open_since");
        if is_open == after.contains_key("done_at") {
            world.violate(|| format!("{arn} left {id} neither open nor done, or both"));
        }
    }
}

fn describe(item: &Item) -> String {
    let values = item.iter().map(|(name, value)| {
        let value = value.get("S").or(value.get("N")).and_then(Value::as_str).unwrap_or_default();
        format!("{name}={value}")
    });
    values.collect::<Vec<_>>().join(" ")
}
