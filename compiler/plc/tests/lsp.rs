//! The language server as editors start it: the program, spoken to over its standard streams.

#![allow(clippy::unwrap_used, reason = "a server that does not answer fails the test")]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const URI: &str = "file:///tmp/hebb.pl";
const TEXT: &str = "\
rule hebb {
    /// How fast it learns.
    param gain : real in 0.0 .. 1.0 = 0.5
    every 1 ms
    synapses { weight += gain * causal }
}
";

/// `plc lsp` and an editor.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    requests: u64,
}

impl Editor {
    fn new() -> Editor {
        let mut server = Command::new(env!("CARGO_BIN_EXE_plc"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let mut editor = Editor { server, input, output: BufReader::new(output), requests: 0 };
        let answer = editor.ask("initialize", json!({ "capabilities": {} }));
        for ability in ["hoverProvider", "definitionProvider", "documentFormattingProvider"] {
            assert_eq!(answer["capabilities"][ability], json!(true), "{answer}");
        }
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).unwrap();
            assert!(!line.is_empty(), "the server went away");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap(),
                None if line == "\r\n" => break,
                None => {}
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.receive();
            if message["id"] == json!(id) {
                return message["result"].clone();
            }
        }
    }

    fn at(&mut self, method: &str, line: u32, character: u32, more: &Value) -> Value {
        let mut params = json!({
            "textDocument": { "uri": URI },
            "position": { "line": line, "character": character },
        });
        let own = params.as_object_mut().unwrap();
        own.extend(more.as_object().unwrap().clone());
        self.ask(method, params)
    }

    /// What is wrong with a text, once the server has said so.
    fn diagnostics(&mut self, method: &str, params: Value) -> Value {
        self.tell(method, params);
        loop {
            let message = self.receive();
            if message["method"] == "textDocument/publishDiagnostics" {
                assert_eq!(message["params"]["uri"], URI);
                return message["params"]["diagnostics"].clone();
            }
        }
    }
}

#[test]
fn an_editor_has_all_of_it() {
    let mut editor = Editor::new();
    let wrong = TEXT.replace("gain * causal", "gain * causa");
    let document = json!({ "uri": URI, "languageId": "rule", "version": 1, "text": wrong });
    let found = editor.diagnostics("textDocument/didOpen", json!({ "textDocument": document }));
    assert_eq!(found[0]["code"], "E0201", "{found}");
    assert_eq!(found[0]["range"]["start"], json!({ "line": 4, "character": 32 }));
    // Laid out badly, but right.
    let change = json!({
        "textDocument": { "uri": URI, "version": 2 },
        "contentChanges": [{ "text": TEXT.replace("    every", "  every") }],
    });
    assert_eq!(editor.diagnostics("textDocument/didChange", change), json!([]));
    let none = json!({});
    let hover = |answer: &Value| answer["contents"]["value"].as_str().unwrap().to_owned();
    let gain = hover(&editor.at("textDocument/hover", 4, 27, &none));
    assert!(gain.contains("How fast it learns.") && gain.contains("values 0..1"), "{gain}");
    let causal = hover(&editor.at("textDocument/hover", 4, 34, &none));
    assert!(causal.contains("format q"), "{causal}");
    let rule = hover(&editor.at("textDocument/hover", 0, 6, &none));
    assert!(rule.contains("cycles"), "{rule}");
    let definition = editor.at("textDocument/definition", 4, 26, &none);
    assert_eq!(definition["range"]["start"], json!({ "line": 2, "character": 10 }));
    let items = editor.at("textDocument/completion", 4, 25, &none);
    assert!(items.as_array().unwrap().iter().any(|item| item["label"] == "acausal"), "{items}");
    let renamed = editor.at("textDocument/rename", 4, 26, &json!({ "newName": "speed" }));
    assert_eq!(renamed["changes"][URI].as_array().map(Vec::len), Some(2), "{renamed}");
    let options = json!({ "tabSize": 4, "insertSpaces": true });
    let asked = json!({ "textDocument": { "uri": URI }, "options": options });
    assert_eq!(editor.ask("textDocument/formatting", asked)[0]["newText"], TEXT);
    assert_eq!(editor.ask("shutdown", Value::Null), Value::Null);
    editor.tell("exit", Value::Null);
    assert!(editor.server.wait().unwrap().success());
}
