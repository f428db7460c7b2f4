//! What is only looked at.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use lunette_cause::chain;
use lunette_worktree::{BaseName, Described, Patch, Source, Status, TreePath, Whitespace, WorktreeError};
use serde_json::{Value, json};

use super::{given, worktrees};
use crate::agent::{AgentHost, Caller, Members};
use crate::problem::Problem;
use lunette_http::rfc3339_of;

/// A desktop without a folder of work trees has none.
pub(super) async fn list<H: AgentHost>(State(host): State<Arc<H>>, caller: Caller) -> Result<Json<Value>, Problem> {
    caller.needs(lunette_auth::Scope::Control)?;
    let described = match host.worktrees() {
        Some(worktrees) => worktrees.look(lunette_worktree::Trees::describe).await?,
        None => Vec::new(),
    };
    let one = |one: Described| {
        json!({
            "name": one.name,
            "path": one.path,
            "current_branch": one.branch,
            "is_primary": one.is_primary,
            "has_helix_specs": one.has_helix_specs,
        })
    };
    Ok(Json(json!({ "workspaces": described.into_iter().map(one).collect::<Vec<_>>() })))
}

pub(super) async fn status<H: AgentHost>(State(host): State<Arc<H>>, caller: Caller) -> Result<Json<Value>, Problem> {
    caller.needs(lunette_auth::Scope::Control)?;
    let Some(worktrees) = host.worktrees() else { return Ok(Json(json!({ "repos": [] }))) };
    let repos = worktrees.look(|trees| {
        let one = |tree: &lunette_worktree::Tree| {
            let (status, error) = match tree.status() {
                Ok(status) => (status, None),
                Err(error) => (Status::default(), Some(chain(&error))),
            };
            json!({
                "name": tree.name(),
                "path": tree.path(),
                "branch": status.branch,
                "uncommitted_files": status.uncommitted,
                "unpushed_commits": status.unpushed,
                "error": error,
            })
        };
        Ok(trees.all()?.iter().map(one).collect::<Vec<_>>())
    });
    Ok(Json(json!({ "repos": repos.await? })))
}

pub(super) async fn review<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    members: Members,
) -> Result<Json<Value>, Problem> {
    let worktrees = worktrees(&*host, &caller)?;
    let base = given(members.text("base")).map(|base| BaseName::new(&base)).transpose().map_err(WorktreeError::from)?;
    let ignored = matches!(members.text("ignore_whitespace"), Some("true" | "1"));
    let review = worktrees
        .look_at(given(members.text("workspace")), move |tree| tree.review(base.as_ref(), whitespace(ignored)));
    let (workspace, review) = review.await?;
    let sources: Vec<_> = review.sources.iter().map(source).collect();
    Ok(Json(json!({ "workspace": workspace, "generated_at": rfc3339_of(SystemTime::now()), "sources": sources })))
}

fn source(source: &Source) -> Value {
    let mut document = patch(&source.patch);
    for (name, value) in
        [("id", source.id), ("title", source.title), ("base_ref", &source.base_ref), ("head_ref", &source.head_ref)]
    {
        document[name] = value.into();
    }
    document
}

pub(super) const fn whitespace(ignored: bool) -> Whitespace {
    if ignored { Whitespace::Ignored } else { Whitespace::Counts }
}

pub(super) fn patch(patch: &Patch) -> Value {
    json!({
        "patch": patch.text,
        "patch_hash": patch.hash,
        "truncated": patch.truncated,
        "files": patch.changes.files,
        "total_additions": patch.changes.additions,
        "total_deletions": patch.changes.deletions,
    })
}

pub(super) async fn files<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    members: Members,
) -> Result<Json<Value>, Problem> {
    let worktrees = worktrees(&*host, &caller)?;
    let listing = worktrees.look_at(given(members.text("workspace")), lunette_worktree::Tree::list);
    let (workspace, listing) = listing.await?;
    Ok(Json(json!({ "workspace": workspace, "entries": listing.entries, "truncated": listing.truncated })))
}

pub(super) async fn file<H: AgentHost>(
    State(host): State<Arc<H>>,
    caller: Caller,
    members: Members,
) -> Result<Json<Value>, Problem> {
    let worktrees = worktrees(&*host, &caller)?;
    let path = members.text("path").ok_or_else(|| Problem::bad("path is missing"))?.to_owned();
    let wanted = TreePath::new(&path).map_err(WorktreeError::from)?;
    let read = worktrees.look_at(given(members.text("workspace")), move |tree| tree.read(&wanted));
    let (workspace, contents) = read.await?;
    Ok(Json(json!({
        "workspace": workspace,
        "path": path,
        "contents": contents.text,
        "byte_length": contents.length,
        "content_hash": contents.hash,
        "truncated": contents.truncated,
        "binary": contents.binary,
    })))
}
