//! What is kept: commits, and checkpoints.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use lunette_worktree::{Action, BranchName, CheckpointRef, Message, Tree, WorktreeError};
use serde::Deserialize;
use serde_json::{Value, json};

use super::read::{patch, whitespace};
use super::{given, worktrees};
use crate::agent::{AgentHost, Caller, read_json};
use crate::problem::Problem;
use lunette_http::rfc3339_of;

#[derive(Debug, Deserialize)]
struct Commit {
    message: String,
    expected_branch: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Capture {
    workspace: Option<String>,
    r#ref: String,
}

#[derive(Debug, Deserialize)]
struct Comparison {
    workspace: Option<String>,
    before_ref: String,
    after_ref: String,
    #[serde(default)]
    ignore_whitespace: bool,
}

pub(super) async fn commit_and_push<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let worktrees = worktrees(&*host, &caller)?;
    let Commit { message, expected_branch } = read_json(body)?;
    let message = Message::new(&message).map_err(WorktreeError::from)?;
    let expected = given(expected_branch.as_deref()).map(|name| BranchName::new(&name)).transpose();
    let expected = expected.map_err(WorktreeError::from)?;
    let published = worktrees.publish(move |trees| {
        let one = |tree: &Tree| {
            let published = tree.publish(&message, expected.as_ref());
            let worked = published.action != Action::Failed;
            let document = json!({
                "name": tree.name(),
                "path": tree.path(),
                "action": published.action,
                "uncommitted_files": published.uncommitted,
                "unpushed_commits": published.unpushed,
                "error": published.error,
                "push_output": published.push_output,
            });
            (document, worked)
        };
        Ok(trees.all()?.iter().map(one).unzip::<_, _, Vec<_>, Vec<_>>())
    });
    let (repos, worked) = published.await?;
    Ok(Json(json!({ "repos": repos, "success": worked.into_iter().all(|worked| worked) })))
}

pub(super) async fn capture<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let worktrees = worktrees(&*host, &caller)?;
    let Capture { workspace, r#ref } = read_json(body)?;
    let name = CheckpointRef::new(&r#ref).map_err(WorktreeError::from)?;
    let kept = worktrees.look_at(given(workspace.as_deref()), move |tree| tree.capture(&name));
    let (workspace, kept) = kept.await?;
    let captured_at = rfc3339_of(SystemTime::now());
    Ok(Json(json!({ "workspace": workspace, "ref": r#ref, "commit": kept.commit, "captured_at": captured_at })))
}

pub(super) async fn compare<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Value>, Problem> {
    let worktrees = worktrees(&*host, &caller)?;
    let Comparison { workspace, before_ref, after_ref, ignore_whitespace } = read_json(body)?;
    let before = CheckpointRef::new(&before_ref).map_err(WorktreeError::from)?;
    let after = CheckpointRef::new(&after_ref).map_err(WorktreeError::from)?;
    let compared = worktrees
        .look_at(given(workspace.as_deref()), move |tree| tree.compare(&before, &after, whitespace(ignore_whitespace)));
    let (workspace, compared) = compared.await?;
    let mut document = patch(&compared);
    for (name, value) in [("workspace", workspace), ("before_ref", before_ref), ("after_ref", after_ref)] {
        document[name] = value.into();
    }
    Ok(Json(document))
}
