//! What a request would become, without touching anything.

use super::convert::variant;
use crate::session::{Context, Planned, problems};
use dillinger_runner_api::Error;
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::request;
use dillinger_runner_core::spec::resolve;
use dillinger_runner_core::value::RawRequest;
use std::collections::HashMap;
use tokio::sync::Semaphore;
use zbus::Variant;

/// Explanations at a time: each may ask Podman.
const AT_ONCE: usize = 8;

/// Answers `Explain`.
#[derive(Debug)]
pub(super) struct Explainer {
    context: Context,
    turns: Semaphore,
}

type Explanation = HashMap<String, Variant<'static>>;

impl Explainer {
    pub(super) fn new(context: Context) -> Self {
        Self { context, turns: Semaphore::new(AT_ONCE) }
    }

    pub(super) async fn explain(&self, raw: RawRequest) -> Result<Explanation, Error> {
        let settings = self.context.settings.current();
        let chosen = request::parse(&raw).map_err(|found| problems(&found))?.id();
        // A session that is only explained has no id of its own yet.
        let id = chosen.unwrap_or_else(|| SessionId::from_random(0));
        let (spec, decisions) = resolve(&raw, &settings.policy, id).map_err(|found| problems(&found))?;
        let _turn = self.turns.acquire().await.map_err(|error| Error::Busy(error.to_string()))?;
        Ok(explanation(self.context.plan(spec, decisions).await?))
    }
}

fn explanation(planned: Planned) -> Explanation {
    let Planned { plan, files } = planned;
    let properties = plan.spec.properties().into_iter().map(|(key, value)| (key.to_owned(), variant(value)));
    let units: HashMap<String, String> = files.into_iter().map(|file| (file.name, file.text)).collect();
    let decisions: Vec<(String, String, String)> =
        plan.decisions.into_iter().map(|decision| (decision.key, decision.value, decision.reason)).collect();
    let more = [
        ("Unit", Variant::from(plan.spec.id.game_unit())),
        ("Slice", Variant::from(plan.slice)),
        ("Units", Variant::from(units)),
        ("Decisions", Variant::from(decisions)),
        ("Warnings", Variant::from(plan.warnings)),
    ];
    properties.chain(more.map(|(key, value)| (key.to_owned(), value))).collect()
}
