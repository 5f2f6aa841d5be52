//! The trace of one call over HTTP.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use serde::Deserialize;

use super::problem;
use crate::serve::node::Node;
use crate::serve::trace::{self, Mask, Missing};

/// `GET /api/v1/trace/{call_id}?numbers=true`
pub fn routes() -> Router<Arc<Node>> {
    Router::new().route("/api/v1/trace/{call_id}", routing::get(of))
}

/// `?numbers=true`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    #[serde(default)]
    numbers: bool,
}

async fn of(
    State(node): State<Arc<Node>>,
    Path(call_id): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    let mask = Mask::new(&node.settings.subscribers);
    match trace::of(&node, &call_id, Some(&mask).filter(|_| !parameters.numbers)).await {
        Ok(trace) => Json(trace).into_response(),
        Err(Missing::Unknown(sentence)) => problem(StatusCode::NOT_FOUND, &sentence),
        Err(Missing::Several(sentence)) => problem(StatusCode::CONFLICT, &sentence),
    }
}
