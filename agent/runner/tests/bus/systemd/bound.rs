//! The display that a game's unit is bound to (`BindsTo=`, `StopWhenUnneeded=`, systemd.unit(5)). Of its parts, it is the
//! streamer that comes up late, or dies; the others are there with the game.

use super::life::variables;
use super::{End, Start, Systemd, job_path};
use futures_util::future::{BoxFuture, join};

impl Systemd {
    /// The streamer's unit, if the unit is that of a game that has one.
    pub(super) fn display_of(&self, unit: &str) -> Option<String> {
        self.parts_of(unit).into_iter().find(|part| part.ends_with("-streamer.service"))
    }

    /// The units of all parts of the display of a game.
    pub(super) fn parts_of(&self, unit: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.unit_file(unit)).unwrap_or_default();
        let needs = |line: &str| line.strip_prefix("BindsTo=").or(line.strip_prefix("Wants=")).map(str::to_owned);
        text.lines().filter_map(needs).filter(|unit| unit.starts_with("dillinger-session-")).collect()
    }

    /// Starts what a game is bound to; false if the game does not start now.
    pub(super) async fn start_display(&self, game: &str, display: &str) -> bool {
        for part in self.parts_of(game) {
            self.look(&part);
            self.show(&part).await.unwrap();
            self.activating(&part).await;
            if part != display {
                self.up(&part).await;
            }
        }
        match self.behaviour().display {
            Start::Runs => {
                self.up(display).await;
                true
            }
            Start::EndsAtOnce(status) => {
                self.display_fails_to_start(game, status).await;
                false
            }
            Start::Holds | Start::Refused => false,
        }
    }

    /// The streamer ends before it was ready: systemd does not touch the game's unit.
    pub(crate) async fn display_fails_to_start(&self, game: &str, status: i32) {
        let display = self.display_of(game).unwrap();
        self.set_end(&display, End::Exit(status));
        self.inactive(&display, &variables(End::Exit(status))).await;
        let (number, _) = self.unit(game).job.unwrap();
        self.job_removed(number, job_path(number), game, "dependency").await;
        self.drop_display_of(game);
    }

    /// The display of a game that waits for it is up, and the game starts.
    pub(crate) async fn display_comes_up(&self, game: &str) {
        self.up(&self.display_of(game).unwrap()).await;
        self.activating(game).await;
        self.up(game).await;
    }

    /// The display of a running game dies: systemd stops the game while the display's own commands run.
    pub(crate) async fn display_dies(&self, game: &str, end: End) {
        let display = self.display_of(game).unwrap();
        self.set_end(&display, end);
        let variables = variables(end);
        self.run_commands(&display, "ExecStop", &variables).await;
        join(self.inactive(&display, &variables), self.stop(game, "success")).await;
    }

    /// As [`Self::display_dies`], but the display says first that it is about to end (`STOPPING=1`): the game is stopped
    /// before the display's process has ended.
    pub(crate) async fn display_dies_and_says_so(&self, game: &str, end: End) {
        let display = self.display_of(game).unwrap();
        self.change(&display, |unit| unit.active = "deactivating");
        self.tell(&display, &[("ActiveState", "deactivating"), ("SubState", "stop-sigterm")]).await;
        self.stop(game, "success").await;
        self.set_end(&display, end);
        self.inactive(&display, &variables(end)).await;
    }

    /// As [`Self::display_dies`], but the game ends for want of it before systemd comes to it.
    pub(crate) async fn display_dies_after_its_game(&self, game: &str, end: End) {
        let display = self.display_of(game).unwrap();
        self.set_end(&display, end);
        self.change(&display, |unit| unit.active = "deactivating");
        self.end(game, End::Exit(1)).await;
        let variables = variables(end);
        self.run_commands(&display, "ExecStop", &variables).await;
        self.inactive(&display, &variables).await;
    }

    /// Nobody needs a display whose game has ended.
    pub(super) fn drop_display_of(&self, game: &str) {
        for part in self.parts_of(game).into_iter().filter(|part| self.unit(part).active == "active") {
            tokio::spawn(self.clone().stop_later(part));
        }
    }

    fn stop_later(self, unit: String) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            // Somebody else may have stopped it meanwhile.
            if self.unit(&unit).active == "active" {
                self.stop(&unit, "success").await;
            }
        })
    }
}
