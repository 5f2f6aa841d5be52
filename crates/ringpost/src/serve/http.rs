//! The admin interface: health, metrics, live calls, the ledger, what waits for
//! a subscriber, the trace of a call.

mod mailbox;
mod trace;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use ringpost_delivery::LedgerQuery;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::counted;
use super::node::{Node, now};
use super::waiting;
use crate::view;

const SUM_UP_EVERY: Duration = Duration::from_secs(10);

/// Serves until the task is dropped.
///
/// # Errors
/// When the listener breaks.
pub async fn run(node: Arc<Node>, listener: TcpListener) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .route("/api/v1/calls", get(calls))
        .route("/api/v1/ledger", get(ledger))
        .route("/api/v1/ledger/{id}", get(entry))
        .merge(mailbox::routes())
        .merge(trace::routes())
        .with_state(node);
    axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await
}

/// The process's metrics; installed once, however many servers a test starts.
pub fn recorder() -> &'static Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE.get_or_init(|| PrometheusBuilder::new().install_recorder().ok())
}

/// Times that were measured are kept one by one until they are summed up; done
/// here, however seldom somebody asks for the metrics, until the task is dropped.
pub async fn sum_up() {
    let mut tick = tokio::time::interval(SUM_UP_EVERY);
    loop {
        tick.tick().await;
        if let Some(handle) = recorder() {
            handle.run_upkeep();
        }
    }
}

/// Counters stand at 0 from the start: an alarm on a missing one never rings.
pub fn start_counters(node: &Node) {
    metrics::counter!("ringpost_panics_total").increment(0);
    waiting::start_counters();
    for source in &node.sources {
        metrics::counter!("ringpost_lookup_failures_total", "source" => source.name().to_owned())
            .increment(0);
    }
    for verdict in ["delivered", "try-again", "refused"] {
        metrics::counter!("ringpost_mails_total", "verdict" => verdict).increment(0);
    }
}

async fn health(State(node): State<Arc<Node>>) -> Response {
    let (status, text) = if node.is_stopping() {
        (StatusCode::SERVICE_UNAVAILABLE, "stopping\n".to_owned())
    } else {
        match node.journal.healthy() {
            Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("journal: {error}\n")),
        }
    };
    (status, text).into_response()
}

async fn metrics(State(node): State<Arc<Node>>) -> Response {
    let Some(handle) = recorder() else {
        return (StatusCode::NOT_FOUND, "no metrics\n").into_response();
    };
    metrics::gauge!("ringpost_calls_live").set(node.live.count() as f64);
    if let Ok(counts) = node.journal.counts().await {
        metrics::gauge!("ringpost_outbox_queued").set(counts.queued as f64);
        metrics::gauge!("ringpost_outbox_returned").set(counts.returned as f64);
        metrics::gauge!("ringpost_outbox_dead").set(counts.dead as f64);
        metrics::gauge!("ringpost_reports_held").set(counts.held as f64);
        metrics::gauge!("ringpost_outbox_oldest_seconds")
            .set(counts.oldest_queued.map_or(0.0, |oldest| now().since(oldest).as_secs_f64()));
    }
    counted::read(&node);
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], handle.render()).into_response()
}

async fn calls(State(node): State<Arc<Node>>) -> Json<Value> {
    Json(Value::Array(node.live.snapshot().iter().map(view::live_call).collect()))
}

/// `?subscriber=alice&limit=50`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerParameters {
    subscriber: Option<String>,
    limit: Option<u32>,
}

async fn ledger(
    State(node): State<Arc<Node>>,
    Query(parameters): Query<LedgerParameters>,
) -> Response {
    let query = LedgerQuery {
        subscriber: parameters.subscriber,
        limit: parameters.limit.unwrap_or(100).clamp(1, 10_000),
        ..LedgerQuery::default()
    };
    match node.journal.ledger(query).await {
        Ok(rows) => Json(Value::Array(rows.iter().map(view::ledger_row).collect())).into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn entry(State(node): State<Arc<Node>>, Path(id): Path<String>) -> Response {
    match node.journal.show(&id).await {
        Ok(Some(detail)) => Json(view::ledger_detail(&detail)).into_response(),
        Ok(None) => problem(StatusCode::NOT_FOUND, "there is no such entry in the ledger"),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn problem(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({ "error": sentence }))).into_response()
}
