//! What waits for a subscriber, and what he has heard, over HTTP.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use ringpost_delivery::Heard;
use serde_json::json;

use super::problem;
use crate::serve::node::{Node, now};
use crate::view;

/// `GET /api/v1/subscribers/{user}/waiting`, `POST …/seen` of a subscriber or a
/// message.
pub fn routes() -> Router<Arc<Node>> {
    Router::new()
        .route("/api/v1/subscribers/{user}/waiting", routing::get(waiting))
        .route("/api/v1/subscribers/{user}/seen", routing::post(all_seen))
        .route("/api/v1/messages/{id}/seen", routing::post(one_seen))
}

async fn waiting(State(node): State<Arc<Node>>, Path(user): Path<String>) -> Response {
    if node.settings.subscribers.by_user(&user).is_none() {
        return nobody();
    }
    match node.journal.waiting(&user).await {
        Ok(waiting) => Json(json!({
            "subscriber": user.to_lowercase(),
            "new": waiting.new,
            "old": waiting.old,
        }))
        .into_response(),
        Err(error) => problem(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn all_seen(
    State(node): State<Arc<Node>>,
    Path(user): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = of_a_web_page(&headers) {
        return refused;
    }
    if node.settings.subscribers.by_user(&user).is_none() {
        return nobody();
    }
    seen(&node, Heard::AllOf(user)).await
}

async fn one_seen(
    State(node): State<Arc<Node>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    match of_a_web_page(&headers) {
        Some(refused) => refused,
        None => seen(&node, Heard::One(id)).await,
    }
}

async fn seen(node: &Node, heard: Heard) -> Response {
    match node.journal.seen(heard, now()).await {
        Ok(Some(seen)) => Json(view::seen(&seen)).into_response(),
        Ok(None) => problem(StatusCode::NOT_FOUND, "there is no such voice mail in the ledger"),
        Err(error) => problem(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn nobody() -> Response {
    problem(StatusCode::NOT_FOUND, "there is no such subscriber in the configuration")
}

/// The refusal of a request that a web page may have made in the browser of
/// somebody on this machine: there is no password that such a page would lack.
/// A page cannot leave out its `Origin`, and cannot send this media type to
/// another site without asking first, which nobody here answers.
fn of_a_web_page(headers: &HeaderMap) -> Option<Response> {
    if headers.contains_key(header::ORIGIN) {
        return Some(problem(StatusCode::FORBIDDEN, "requests of web pages are not taken here"));
    }
    let json = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let json = json.and_then(|value| value.split(';').next()).unwrap_or("").trim();
    (!json.eq_ignore_ascii_case("application/json")).then(|| {
        problem(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send it with Content-Type: application/json; a body is not needed",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_web_page_can_send_is_refused() {
        let status = |lines: &[(header::HeaderName, &str)]| {
            let fields = lines.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
            of_a_web_page(&fields.collect()).map(|refused| refused.status().as_u16())
        };
        let (kind, origin) = (header::CONTENT_TYPE, header::ORIGIN);
        for (lines, expected) in [
            (&[][..], Some(415)),
            (&[(kind.clone(), "text/plain")], Some(415)),
            (&[(kind.clone(), "application/x-www-form-urlencoded")], Some(415)),
            (&[(kind.clone(), "text/plain; application/json")], Some(415)),
            (&[(kind.clone(), "application/json")], None),
            (&[(kind.clone(), "Application/JSON; charset=utf-8")], None),
            (&[(kind.clone(), "application/json"), (origin.clone(), "null")], Some(403)),
            (&[(kind, "application/json"), (origin, "http://127.0.0.1:8080")], Some(403)),
        ] {
            assert_eq!(status(lines), expected, "{lines:?}");
        }
    }
}
