//! Asks every source at once who rang, under one deadline.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ringpost_lookup::{Answer, CallerId, Choice, DialPlan, Question, Source, SourceFault, choose};
use ringpost_model::Party;
use tokio::task::JoinSet;

/// Who `caller` is to the subscriber. Never fails and never takes longer than
/// `deadline`: a source that is dead or late costs its name.
pub async fn identify(
    sources: &[Arc<dyn Source>],
    plan: &DialPlan,
    caller: &Party,
    subscriber: &str,
    deadline: Duration,
) -> Choice {
    let caller = CallerId::read(caller, plan);
    if caller.withheld || (caller.raw.is_empty() && caller.sip_uri.is_none()) {
        return choose(&caller, &[]);
    }
    let question = Arc::new(Question { caller, subscriber: subscriber.to_owned() });
    let mut asked = JoinSet::new();
    for (index, source) in sources.iter().cloned().enumerate() {
        let question = question.clone();
        asked.spawn(async move {
            let began = Instant::now();
            let result = match tokio::time::timeout(deadline, source.find(&question)).await {
                Ok(result) => result,
                Err(_) => Err(SourceFault {
                    reason: format!("no answer within {} ms", deadline.as_millis()),
                }),
            };
            (index, began.elapsed(), result)
        });
    }
    let mut results: Vec<Option<(Duration, Result<_, SourceFault>)>> =
        sources.iter().map(|_| None).collect();
    while let Some(joined) = asked.join_next().await {
        if let Ok((index, took, result)) = joined
            && let Some(place) = results.get_mut(index)
        {
            *place = Some((took, result));
        }
    }
    let answers: Vec<Answer> = sources
        .iter()
        .zip(results)
        .map(|(source, result)| {
            let (took, result) = result.unwrap_or_else(|| {
                (deadline, Err(SourceFault { reason: "the source failed inside".into() }))
            });
            if let Err(fault) = &result {
                tracing::warn!(source = source.name(), reason = %fault, "a lookup failed; the message goes out without this source");
                metrics::counter!("ringpost_lookup_failures_total", "source" => source.name().to_owned()).increment(1);
            }
            metrics::histogram!("ringpost_lookup_seconds", "source" => source.name().to_owned())
                .record(took.as_secs_f64());
            Answer { source: source.name().to_owned(), origin: source.origin(), took, result }
        })
        .collect();
    choose(&question.caller, &answers)
}
