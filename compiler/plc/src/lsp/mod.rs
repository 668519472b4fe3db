//! `plc lsp`: a language server over standard input and output.
//!
//! ```text
//!   mod.rs        the protocol: documents, requests, answers
//!   document.rs   a text, what the compiler says of it, and the names in it
//!   elsewhere.rs  its names that other modules declare
//!   place.rs      byte offsets and the protocol's lines and UTF-16 columns
//! ```

mod document;
mod elsewhere;
mod place;

use crate::output::Failure;
use document::Document;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{
    Completion, Formatting, GotoDefinition, HoverRequest, References, Rename, Request as _,
};
use lsp_types::{
    CompletionOptions, HoverProviderCapability, OneOf, PublishDiagnosticsParams,
    ServerCapabilities, TextDocumentPositionParams, TextDocumentSyncCapability,
    TextDocumentSyncKind, Uri, WorkspaceEdit,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::HashMap;
use std::str::FromStr;

/// Serves until the client asks to stop.
pub(crate) fn run() -> Result<(), Failure> {
    let (connection, threads) = Connection::stdio();
    let served = serve(&connection);
    drop(connection);
    threads.join().map_err(|error| Failure::Usage(format!("the connection broke: {error}")))?;
    served.map_err(Failure::Usage)
}

/// Serves one client.
fn serve(connection: &Connection) -> Result<(), String> {
    let capabilities = serde_json::to_value(capabilities()).map_err(|error| error.to_string())?;
    connection.initialize(capabilities).map_err(|error| error.to_string())?;
    let mut server = Server { connection, documents: HashMap::new() };
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request).map_err(|error| error.to_string())? {
                    return Ok(());
                }
                let response = server.answer(&request);
                server.send(Message::Response(response))?;
            }
            Message::Notification(notification) => server.note(&notification)?,
            Message::Response(_) => {}
        }
    }
    Ok(())
}

fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        completion_provider: Some(CompletionOptions::default()),
        rename_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}

struct Server<'c> {
    connection: &'c Connection,
    documents: HashMap<String, Document>,
}

/// What went wrong with a request, for the client.
type Refused = (ErrorCode, String);

impl Server<'_> {
    fn send(&self, message: Message) -> Result<(), String> {
        self.connection.sender.send(message).map_err(|error| error.to_string())
    }

    /// Documents that open, change and close.
    fn note(&mut self, notification: &Notification) -> Result<(), String> {
        let params = |value: &Value| value.clone();
        match notification.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let opened: Option<lsp_types::DidOpenTextDocumentParams> =
                    serde_json::from_value(params(&notification.params)).ok();
                let Some(opened) = opened else { return Ok(()) };
                self.update(opened.text_document.uri, opened.text_document.text)
            }
            DidChangeTextDocument::METHOD => {
                let changed: Option<lsp_types::DidChangeTextDocumentParams> =
                    serde_json::from_value(params(&notification.params)).ok();
                // The whole text each time, the last one counts.
                let Some(mut changed) = changed else { return Ok(()) };
                let Some(change) = changed.content_changes.pop() else { return Ok(()) };
                self.update(changed.text_document.uri, change.text)
            }
            DidCloseTextDocument::METHOD => {
                let closed: Option<lsp_types::DidCloseTextDocumentParams> =
                    serde_json::from_value(params(&notification.params)).ok();
                let Some(closed) = closed else { return Ok(()) };
                let document = self.documents.remove(closed.text_document.uri.as_str());
                self.publish(closed.text_document.uri, Vec::new())?;
                document.map_or(Ok(()), |document| self.update_importers(document.path()))
            }
            _ => Ok(()),
        }
    }

    fn update(&mut self, uri: Uri, text: String) -> Result<(), String> {
        let path = self.read(&uri, text)?;
        self.update_importers(&path)
    }

    /// Reads a document with its modules as they are open, and publishes what is wrong with it. Gives
    /// its path.
    fn read(&mut self, uri: &Uri, text: String) -> Result<String, String> {
        let open = |path: &str| {
            let document = self.documents.values().find(|document| document.path() == path);
            document.map(|document| document.text().to_owned())
        };
        let document = Document::new(uri.as_str(), text, &open);
        let (path, diagnostics) = (document.path().to_owned(), document.diagnostics());
        self.documents.insert(uri.as_str().to_owned(), document);
        self.publish(uri.clone(), diagnostics)?;
        Ok(path)
    }

    /// Reads again what imports a module that changed.
    fn update_importers(&mut self, path: &str) -> Result<(), String> {
        let importers = self.documents.iter().filter(|(_, document)| document.imports(path));
        let mut importers: Vec<(String, String)> =
            importers.map(|(uri, document)| (uri.clone(), document.text().to_owned())).collect();
        importers.sort();
        for (uri, text) in importers {
            let uri = Uri::from_str(&uri).map_err(|error| error.to_string())?;
            self.read(&uri, text)?;
        }
        Ok(())
    }

    fn publish(&self, uri: Uri, diagnostics: Vec<lsp_types::Diagnostic>) -> Result<(), String> {
        let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
        let method = PublishDiagnostics::METHOD.to_owned();
        self.send(Message::Notification(Notification::new(method, params)))
    }

    fn answer(&self, request: &Request) -> Response {
        match self.result(request) {
            Ok(value) => Response::new_ok(request.id.clone(), value),
            Err((code, message)) => Response::new_err(request.id.clone(), code as i32, message),
        }
    }

    fn result(&self, request: &Request) -> Result<Value, Refused> {
        match request.method.as_str() {
            HoverRequest::METHOD => {
                let params: lsp_types::HoverParams = parsed(request)?;
                let (document, at) = self.place(&params.text_document_position_params)?;
                answered(document.hover(at))
            }
            GotoDefinition::METHOD => {
                let params: lsp_types::GotoDefinitionParams = parsed(request)?;
                let asked = params.text_document_position_params;
                let (document, at) = self.place(&asked)?;
                let location = document.definition(at).and_then(|(path, range)| {
                    Some(lsp_types::Location { uri: self.uri(&path)?, range })
                });
                answered(location)
            }
            References::METHOD => {
                let params: lsp_types::ReferenceParams = parsed(request)?;
                let asked = params.text_document_position;
                let (document, at) = self.place(&asked)?;
                let uri = asked.text_document.uri;
                let found = document.occurrences(at).into_iter();
                let locations: Vec<lsp_types::Location> =
                    found.map(|range| lsp_types::Location { uri: uri.clone(), range }).collect();
                answered(locations)
            }
            Rename::METHOD => self.rename(parsed(request)?),
            Completion::METHOD => {
                let params: lsp_types::CompletionParams = parsed(request)?;
                let (document, at) = self.place(&params.text_document_position)?;
                answered(document.completions(at))
            }
            Formatting::METHOD => {
                let params: lsp_types::DocumentFormattingParams = parsed(request)?;
                answered(self.document(&params.text_document.uri)?.formatted())
            }
            other => {
                let message = format!("`{other}` is not supported");
                Err((ErrorCode::MethodNotFound, message))
            }
        }
    }

    fn rename(&self, params: lsp_types::RenameParams) -> Result<Value, Refused> {
        let asked = params.text_document_position;
        let (document, at) = self.place(&asked)?;
        let edits = document
            .rename(at, &params.new_name)
            .map_err(|message| (ErrorCode::RequestFailed, message))?;
        let change = serde_json::json!({ "changes": { asked.text_document.uri.as_str(): edits } });
        let edit: WorkspaceEdit = serde_json::from_value(change)
            .map_err(|error| (ErrorCode::InternalError, error.to_string()))?;
        answered(edit)
    }

    /// The name of a path as the client writes it, if it has that open.
    fn uri(&self, path: &str) -> Option<Uri> {
        let open = self.documents.iter().find(|(_, document)| document.path() == path);
        let uri = open.map_or_else(|| document::uri(path), |(uri, _)| uri.clone());
        Uri::from_str(&uri).ok()
    }

    fn document(&self, uri: &Uri) -> Result<&Document, Refused> {
        let unknown = || (ErrorCode::InvalidParams, format!("{} is not open", uri.as_str()));
        self.documents.get(uri.as_str()).ok_or_else(unknown)
    }

    fn place(&self, asked: &TextDocumentPositionParams) -> Result<(&Document, u32), Refused> {
        let document = self.document(&asked.text_document.uri)?;
        Ok((document, place::offset(document.text(), asked.position)))
    }
}

fn parsed<T: DeserializeOwned>(request: &Request) -> Result<T, Refused> {
    serde_json::from_value(request.params.clone())
        .map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn answered(value: impl serde::Serialize) -> Result<Value, Refused> {
    serde_json::to_value(value).map_err(|error| (ErrorCode::InternalError, error.to_string()))
}

#[cfg(test)]
mod tests;
