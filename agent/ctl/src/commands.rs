//! One module per group of sub-commands.

mod control;
mod doctor;
mod ended;
mod events;
mod explain;
mod images;
mod list;
mod logs;
mod prefix;
mod run;
mod runners;
mod saves;
mod show;
mod start;
mod stream;
mod top;
mod watch;

use crate::cli::{Cli, Command, ImagesCommand};
use crate::client::Connector;
use crate::exit::Failure;
use crate::output::Output;

/// Carries out a command; returns its exit status.
pub async fn execute(cli: &Cli, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    match &cli.command {
        Command::Start(args) => start::start(args, agent, output).await,
        Command::Run(args) => run::run(args, agent, output).await,
        Command::List(args) => list::list(args, agent, output).await,
        Command::Show(args) => show::show(args, agent, output).await,
        Command::Stop(args) => control::stop(args, agent, output).await,
        Command::Kill(args) => control::kill(args, agent).await,
        Command::Pause(args) => control::pause(args, agent).await,
        Command::Resume(args) => control::resume(args, agent).await,
        Command::SetLimits(args) => control::set_limits(args, agent).await,
        Command::Logs(args) => logs::logs(args, agent, output).await,
        Command::Top(args) => top::top(args, agent, output).await,
        Command::Watch(args) => watch::watch(args, agent, output).await,
        Command::Viewers(args) => stream::viewers(args, agent, output).await,
        Command::Disconnect(args) => stream::disconnect(args, agent).await,
        Command::Resize(args) => stream::resize(args, agent).await,
        Command::Screenshot(args) => stream::screenshot(args, agent, output).await,
        Command::Events => events::events(agent, output).await,
        Command::Explain(args) => explain::explain(args, agent, output).await,
        Command::Ended(args) => ended::ended(args, agent, output).await,
        Command::Prefix(command) => prefix::prefix(command, agent, output).await,
        Command::Saves(command) => saves::saves(command, agent, output).await,
        Command::Runners => runners::runners(agent, output).await,
        Command::Images(ImagesCommand::Prepare(args)) => images::prepare(args, agent, output).await,
        Command::Doctor => doctor::doctor(agent, output).await,
        Command::Capabilities => doctor::capabilities(agent, output).await,
    }
}
