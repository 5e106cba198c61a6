use super::*;
use dillinger_ring::socket::{Socket, pair};
use tokio::task::LocalSet;

const PATIENCE: Duration = Duration::from_secs(10);

struct Case {
    gamepads: Gamepads,
    nodes: watch::Receiver<Vec<String>>,
    reports: mpsc::Receiver<Report>,
}

impl Case {
    fn new() -> Self {
        let (sender, nodes) = watch::channel(Vec::new());
        let (reporter, reports) = mpsc::channel(4);
        Self { gamepads: Gamepads::new(sender, reporter), nodes, reports }
    }

    /// Adds a pad; the agent's end of its channel.
    fn add(&mut self, index: u32) -> Socket {
        let (agent, streamer) = pair().unwrap();
        rustix::net::sockopt::set_socket_send_buffer_size(&streamer, 1).unwrap();
        self.gamepads.add(streamer, index, format!("/dev/input/event{index}"));
        agent
    }

    async fn feedback(&mut self) -> Option<Feedback> {
        let report = tokio::time::timeout(PATIENCE, self.reports.recv()).await.unwrap().unwrap();
        self.gamepads.report(report)
    }
}

fn viewer(name: &str) -> ViewerId {
    ViewerId(name.into())
}

fn pressed(button: u32) -> State {
    State { buttons: 1 << button, ..State::default() }
}

fn received(agent: &Socket) -> Option<State> {
    agent.receive().unwrap().map(|(state, _)| state)
}

async fn in_time(condition: impl AsyncFn() -> bool) {
    let waited = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.unwrap();
}

#[tokio::test]
async fn the_agent_hears_of_each_change_and_players_of_their_rumble() {
    let test = async {
        let mut case = Case::new();
        let (first, second) = (case.add(0), case.add(1));
        assert_eq!(*case.nodes.borrow(), ["/dev/input/event0", "/dev/input/event1"]);
        assert_eq!((received(&first), received(&second)), (Some(State::default()), Some(State::default())));
        let (a, b) = (viewer("a"), viewer("b"));
        case.gamepads.set(&a, 0, pressed(3));
        case.gamepads.set(&a, 0, pressed(3));
        case.gamepads.set(&b, 0, pressed(4));
        case.gamepads.set(&viewer("c"), 0, pressed(5));
        assert_eq!((received(&first), received(&first)), (Some(pressed(3)), None));
        assert_eq!((received(&second), received(&second)), (Some(pressed(4)), None));
        second.send(Rumble { strong: u16::MAX, weak: 0, milliseconds: 250 }).unwrap();
        let Some(Feedback::Rumble { viewer, pad, strong, weak, duration }) = case.feedback().await else {
            panic!("no feedback");
        };
        assert_eq!((viewer, pad, strong, weak, duration), (b, 0, 1.0, 0.0, Duration::from_millis(250)));
        case.gamepads.leave(&a);
        assert_eq!(received(&first), Some(State::default()));
        first.send(Rumble::default()).unwrap();
        assert_eq!(case.feedback().await, None, "nobody has it");
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn another_agent_is_told_what_is_held() {
    let test = async {
        let mut case = Case::new();
        let agent = case.add(0);
        let a = viewer("a");
        case.gamepads.set(&a, 0, pressed(1));
        drop(agent);
        tokio::time::sleep(Duration::from_millis(20)).await;
        case.gamepads.set(&a, 0, pressed(2));
        assert_eq!(case.nodes.borrow().len(), 1, "it is still there");
        let agent = case.add(0);
        assert_eq!((received(&agent), received(&agent)), (Some(pressed(2)), None));
        case.gamepads.release(&a);
        assert_eq!(received(&agent), Some(State::default()));
        agent.send(Rumble { strong: 1, weak: 1, milliseconds: 1 }).unwrap();
        assert!(case.feedback().await.is_some(), "it is still his");
        let other = case.add(0);
        assert_eq!(received(&other), Some(State::default()));
        in_time(async || agent.receive::<State>().is_err()).await;
        case.gamepads.set(&a, 0, pressed(1));
        assert_eq!(received(&other), Some(pressed(1)));
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn of_what_has_no_room_the_newest_is_sent() {
    let test = async {
        let mut case = Case::new();
        let agent = case.add(0);
        let a = viewer("a");
        let state = |x: i16| State { axes: [x, 0, 0, 0], ..State::default() };
        for x in 1..1000 {
            case.gamepads.set(&a, 0, state(x));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        let mut all = Vec::new();
        let last = tokio::time::timeout(PATIENCE, async {
            loop {
                match received(&agent) {
                    Some(state) => all.push(state),
                    None if all.last() == Some(&state(999)) => return all.len(),
                    None => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
        });
        assert!(last.await.unwrap() < 100, "most had no room");
        case.gamepads.set(&a, 0, state(0));
        assert_eq!((received(&agent), received(&agent)), (Some(state(0)), None));
    };
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn an_agent_that_makes_no_sense_is_not_heard() {
    let test = async {
        let mut case = Case::new();
        let agent = case.add(0);
        agent.send(State::default()).unwrap();
        agent.send(Rumble::default()).unwrap();
        let nothing = tokio::time::timeout(Duration::from_millis(50), case.reports.recv()).await;
        assert!(nothing.is_err(), "{nothing:?}");
    };
    LocalSet::new().run_until(test).await;
}
