//! Every way in which a session ends, from its start on.

use crate::client::{Event, Events, Session, request, words};
use crate::systemd::{End, Start};
use crate::world::{Agent, World};
use dillinger_runner_api::proxy::Options;
use std::collections::BTreeMap;

/// What a session is after its end.
#[derive(Debug, PartialEq, Eq)]
struct Ended {
    states: Vec<String>,
    outcome: String,
    status: i32,
}

fn ended(states: &[&str], outcome: &str, status: i32) -> Ended {
    Ended { states: states.iter().map(|state| (*state).to_owned()).collect(), outcome: outcome.to_owned(), status }
}

const WHOLE: [&str; 4] = ["starting", "running", "stopping", "ended"];

struct Case {
    world: World,
    agent: Agent,
    events: Events,
    session: Session,
}

impl Case {
    async fn new(start: Start) -> Self {
        let world = World::new().await;
        world.systemd.set(|behaviour| behaviour.start = start);
        let agent = world.agent().await;
        let events = agent.client.events().await;
        let session = agent.client.start(&request()).await.unwrap();
        Self { world, agent, events, session }
    }

    async fn running() -> (Self, Vec<Event>) {
        let mut case = Self::new(Start::Runs).await;
        let events = case.events.until_state("running").await;
        // A call that changes nothing: what was told with the start has been taken in when it is answered.
        case.session.proxy.resume().await.unwrap();
        (case, events)
    }

    /// Waits for the end; checks that what was told, what the object says and what is recorded are the same.
    async fn finish(mut self, mut told: Vec<Event>) -> Ended {
        told.extend(self.events.until_state("ended").await);
        let session = &self.session.proxy;
        let (outcome, status) = (session.outcome().await.unwrap(), session.exit_status().await.unwrap());
        let changes = told.iter().filter_map(|event| match event {
            Event::Changed(path, values) => Some((path, values)),
            _ => None,
        });
        let mut last: BTreeMap<&str, &str> = BTreeMap::from([("ExitStatus", "0"), ("StartedTimestamp", "0")]);
        for (path, values) in changes {
            assert_eq!(path, self.session.path.as_str());
            last.extend(values.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        }
        let record = self.agent.client.ended(&self.session.id).await.expect("a record");
        for key in ["Outcome", "OutcomeReason", "ExitStatus", "StartedTimestamp", "EndedTimestamp"] {
            assert_eq!(last.get(key).copied(), Some(words(&record[key]).as_str()), "{key} {told:#?}");
        }
        assert_eq!((last["Outcome"], last["ExitStatus"]), (outcome.as_str(), status.to_string().as_str()));
        let (created, started) =
            (session.created_timestamp().await.unwrap(), session.started_timestamp().await.unwrap());
        let finished = session.ended_timestamp().await.unwrap();
        assert!(finished >= created.max(started), "{created} {started} {finished}");
        assert_eq!(session.state().await.unwrap(), "ended");
        self.world.clean().await;
        assert_eq!(self.world.systemd.count("Reload"), 0);
        let states = told.iter().filter_map(Event::state).map(str::to_owned).collect();
        Ended { states, outcome, status }
    }
}

#[tokio::test]
async fn by_itself() {
    for (end, outcome, status) in [
        (End::Exit(0), "exited", 0),
        (End::Exit(7), "failed", 7),
        (End::Exit(137), "killed", 9),
        (End::Signal(11), "killed", 11),
        (End::Oom, "oom-kill", 9),
    ] {
        let (case, told) = Case::running().await;
        case.world.systemd.end(&case.session.unit, end).await;
        assert_eq!(case.finish(told).await, ended(&WHOLE, outcome, status), "{end:?}");
    }
}

#[tokio::test]
async fn each_change_tells_what_changed_and_nothing_else() {
    let (mut case, told) = Case::running().await;
    let id = case.session.id.clone();
    let interfaces = vec!["org.dillinger.Runner1.Session".to_owned()];
    assert_eq!(told[0], Event::InterfacesAdded(case.session.path.to_string(), interfaces));
    assert_eq!(told[1], Event::Added(id));
    let keys: Vec<_> = told[2..].iter().map(Event::keys).collect();
    assert_eq!(keys, [vec!["State"], vec!["ControlGroup", "StartedTimestamp", "State"]]);
    case.world.systemd.end(&case.session.unit, End::Exit(7)).await;
    let told = case.events.until_state("ended").await;
    let keys: Vec<_> = told.iter().map(Event::keys).collect();
    let end = vec!["EndedTimestamp", "ExitStatus", "Outcome", "OutcomeReason", "State"];
    assert_eq!(keys, [vec!["State"], end]);
}

#[tokio::test]
async fn by_a_stop() {
    let (case, told) = Case::running().await;
    case.session.proxy.stop(&Options::new()).await.unwrap();
    assert_eq!(case.finish(told).await, ended(&WHOLE, "stopped", 143));
}

/// What `systemctl --user stop` does, to the unit or to the slice.
async fn systemctl_stop(case: &Case, suffix: &str) {
    let unit = case.session.unit.replace(".service", suffix);
    let (path, interface) = ("/org/freedesktop/systemd1", Some("org.freedesktop.systemd1.Manager"));
    let body = (unit, "replace");
    let bus = &case.agent.client.bus;
    bus.call_method(Some("org.freedesktop.systemd1"), path, interface, "StopUnit", &body).await.unwrap();
}

#[tokio::test]
async fn by_systemctl_stop() {
    for suffix in [".service", ".slice"] {
        let (case, told) = Case::running().await;
        systemctl_stop(&case, suffix).await;
        assert_eq!(case.finish(told).await, ended(&WHOLE, "stopped", 143), "{suffix}");
    }
}

#[tokio::test]
async fn by_systemctl_stop_while_it_starts() {
    for suffix in [".service", ".slice"] {
        let case = Case::new(Start::Holds).await;
        case.world.systemd.until_state(&case.session.unit, "activating").await;
        systemctl_stop(&case, suffix).await;
        let states = ["starting", "stopping", "ended"];
        assert_eq!(case.finish(Vec::new()).await, ended(&states, "stopped", 143), "{suffix}");
    }
}

#[tokio::test]
async fn by_its_longest_run_time() {
    let (case, told) = Case::running().await;
    case.world.systemd.stop(&case.session.unit, "timeout").await;
    assert_eq!(case.finish(told).await, ended(&WHOLE, "timeout", 143));
}

#[tokio::test]
async fn by_a_stop_while_it_starts() {
    let case = Case::new(Start::Holds).await;
    case.session.proxy.stop(&Options::new()).await.unwrap();
    assert_eq!(case.finish(Vec::new()).await, ended(&["starting", "stopping", "ended"], "stopped", 143));
}

#[tokio::test]
async fn by_a_start_that_fails() {
    let case = Case::new(Start::Holds).await;
    case.world.systemd.fail_start(&case.session.unit, 127).await;
    assert_eq!(case.finish(Vec::new()).await, ended(&["starting", "stopping", "ended"], "start-failed", 127));
}

#[tokio::test]
async fn before_anybody_could_look() {
    for (status, outcome) in [(0, "exited"), (7, "failed")] {
        let case = Case::new(Start::EndsAtOnce(status)).await;
        assert_eq!(case.finish(Vec::new()).await, ended(&["starting", "ended"], outcome, status));
    }
}

#[tokio::test]
async fn with_all_changes_in_one() {
    let (case, told) = Case::running().await;
    case.world.systemd.end_coalesced(&case.session.unit, End::Signal(6)).await;
    assert_eq!(case.finish(told).await, ended(&["starting", "running", "ended"], "killed", 6));
}

#[tokio::test]
async fn without_a_record_of_its_unit() {
    let (case, told) = Case::running().await;
    case.world.systemd.set(|behaviour| behaviour.forgets_commands = true);
    case.world.systemd.end(&case.session.unit, End::Exit(3)).await;
    assert_eq!(case.finish(told).await, ended(&WHOLE, "failed", 3));
}

#[tokio::test]
async fn a_paused_one_by_a_stop() {
    let (mut case, mut told) = Case::running().await;
    case.session.proxy.pause().await.unwrap();
    case.session.proxy.pause().await.unwrap();
    told.extend(case.events.until_state("paused").await);
    case.session.proxy.stop(&Options::new()).await.unwrap();
    let states = ["starting", "running", "paused", "running", "stopping", "ended"];
    assert_eq!(case.finish(told).await, ended(&states, "stopped", 143));
}

#[tokio::test]
async fn an_ended_one_takes_a_stop_and_nothing_else() {
    let (mut case, _) = Case::running().await;
    case.world.systemd.end(&case.session.unit, End::Exit(0)).await;
    case.events.until_state("ended").await;
    let session = &case.session.proxy;
    session.stop(&Options::new()).await.unwrap();
    for refused in [session.pause().await, session.resume().await, session.kill(9).await] {
        assert_eq!(refused.unwrap_err().short_name(), "NoSuchSession");
    }
    assert_eq!(session.set_limits(&Options::new()).await.unwrap_err().short_name(), "NoSuchSession");
}
