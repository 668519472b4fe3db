use super::*;
use lsp_server::RequestId;
use serde_json::json;

const URI: &str = "file:///tmp/a%20b.pl";
const TEXT: &str = "\
rule hebb {
    /// How fast it learns.
    param gain : real in 0.0 .. 1.0 = 0.5
    every 1 ms
    synapses { weight += gain * causal }
}
";

/// A client at the other end of a connection in memory.
struct Client {
    connection: Connection,
    server: std::thread::JoinHandle<Result<(), String>>,
    requests: i32,
}

impl Client {
    fn new(text: &str) -> Client {
        let (client, server) = Connection::memory();
        let server = std::thread::spawn(move || serve(&server));
        let mut client = Client { connection: client, server, requests: 0 };
        let answer = client.ask("initialize", json!({ "capabilities": {} }));
        assert_eq!(answer["capabilities"]["hoverProvider"], json!(true));
        client.tell("initialized", json!({}));
        client.open(URI, text);
        client
    }

    fn open(&self, uri: &str, text: &str) {
        let document = json!({ "uri": uri, "languageId": "rule", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// The next diagnostics: of which document, and how many.
    fn published(&self) -> (String, usize) {
        loop {
            match self.connection.receiver.recv() {
                Ok(Message::Notification(note)) if note.method == PublishDiagnostics::METHOD => {
                    let uri = note.params["uri"].as_str().unwrap_or_default().to_owned();
                    return (uri, note.params["diagnostics"].as_array().map_or(0, Vec::len));
                }
                Ok(_) => {}
                Err(error) => panic!("the server went away: {error}"),
            }
        }
    }

    fn tell(&self, method: &str, params: Value) {
        let notification = Notification::new(method.to_owned(), params);
        assert!(self.connection.sender.send(Message::Notification(notification)).is_ok());
    }

    /// The answer to a request; diagnostics on the way are skipped.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.requests += 1;
        let id = RequestId::from(self.requests);
        let request = Request::new(id.clone(), method.to_owned(), params);
        assert!(self.connection.sender.send(Message::Request(request)).is_ok());
        loop {
            match self.connection.receiver.recv() {
                Ok(Message::Response(response)) => {
                    assert_eq!(response.id, id);
                    return match response.response_result {
                        Ok(result) => result,
                        Err(error) => json!({ "error": error.message }),
                    };
                }
                Ok(_) => {}
                Err(error) => panic!("the server went away: {error}"),
            }
        }
    }

    fn diagnostics(&self) -> Value {
        loop {
            match self.connection.receiver.recv() {
                Ok(Message::Notification(note)) if note.method == PublishDiagnostics::METHOD => {
                    return note.params["diagnostics"].clone();
                }
                Ok(_) => {}
                Err(error) => panic!("the server went away: {error}"),
            }
        }
    }

    fn at(&mut self, method: &str, line: u32, character: u32) -> Value {
        let place = json!({
            "textDocument": { "uri": URI },
            "position": { "line": line, "character": character },
        });
        self.ask(method, place)
    }

    fn stop(mut self) {
        self.ask("shutdown", Value::Null);
        self.tell("exit", Value::Null);
        assert_eq!(self.server.join().ok(), Some(Ok(())));
    }
}

#[test]
fn mistakes_are_shown_while_typing_and_go_when_mended() {
    let client = Client::new(&TEXT.replace("gain * causal", "gain * causa"));
    let found = client.diagnostics();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["range"]["start"], json!({ "line": 4, "character": 32 }));
    let message = found[0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("causal"), "{message}");
    let change = json!({
        "textDocument": { "uri": URI, "version": 2 },
        "contentChanges": [{ "text": TEXT }],
    });
    client.tell("textDocument/didChange", change);
    assert_eq!(client.diagnostics(), json!([]));
    client.stop();
}

#[test]
fn names_are_explained_found_and_renamed() {
    let mut client = Client::new(TEXT);
    let text = |hover: &Value| hover["contents"]["value"].as_str().unwrap_or_default().to_owned();
    let gain = text(&client.at("textDocument/hover", 4, 27));
    assert!(gain.contains("How fast it learns.") && gain.contains("values 0..1"), "{gain}");
    let causal = text(&client.at("textDocument/hover", 4, 34));
    assert!(causal.contains("that follow") && causal.contains("format"), "{causal}");
    let rule = text(&client.at("textDocument/hover", 0, 6));
    assert!(rule.contains("cycles"), "{rule}");
    let found = client.at("textDocument/definition", 4, 26);
    assert_eq!(found["range"]["start"], json!({ "line": 2, "character": 10 }));
    let uses = client.ask(
        "textDocument/references",
        json!({
            "textDocument": { "uri": URI },
            "position": { "line": 2, "character": 11 },
            "context": { "includeDeclaration": true },
        }),
    );
    assert_eq!(uses.as_array().map(Vec::len), Some(2));
    let mut rename = |name: &str| {
        let params = json!({
            "textDocument": { "uri": URI },
            "position": { "line": 4, "character": 26 },
            "newName": name,
        });
        client.ask("textDocument/rename", params)
    };
    assert_eq!(rename("speed")["changes"][URI].as_array().map(Vec::len), Some(2));
    for refused in ["weight", "max", "two words", "every", "9"] {
        assert!(rename(refused)["error"].is_string(), "{refused}");
    }
    client.stop();
}

#[test]
fn names_of_a_rule_that_is_used_are_found_behind_their_dots() {
    let both = "rule both {\n    use hebb as h\n    neurons { reset rate }\n    every 1 ms\n    \
                synapses { weight -= h.gain }\n}\n";
    let mut client = Client::new(&format!("{TEXT}{both}"));
    let found = client.at("textDocument/definition", 10, 28);
    assert_eq!(found["range"]["start"], json!({ "line": 2, "character": 10 }));
    let alias = client.at("textDocument/definition", 10, 25);
    assert_eq!(alias["range"]["start"], json!({ "line": 7, "character": 16 }));
    let params = json!({
        "textDocument": { "uri": URI },
        "position": { "line": 2, "character": 11 },
        "newName": "speed",
    });
    let renamed = client.ask("textDocument/rename", params);
    assert_eq!(renamed["changes"][URI].as_array().map(Vec::len), Some(3), "{renamed}");
    let items = client.at("textDocument/completion", 10, 25);
    let labels = items.as_array().into_iter().flatten().filter_map(|item| item["label"].as_str());
    assert!(labels.into_iter().any(|label| label == "h.gain"));
    client.stop();
}

#[test]
fn completion_and_formatting() {
    let mut client = Client::new(&TEXT.replace("    every", "  every"));
    let items = client.at("textDocument/completion", 4, 25);
    let labels: Vec<&str> =
        items.as_array().into_iter().flatten().filter_map(|item| item["label"].as_str()).collect();
    for expected in ["gain", "causal", "clamp", "reset", "use", "argmax", "kHz"] {
        assert!(labels.contains(&expected), "{expected} in {labels:?}");
    }
    let asked = json!({
        "textDocument": { "uri": URI },
        "options": { "tabSize": 4, "insertSpaces": true },
    });
    let edits = client.ask("textDocument/formatting", asked);
    assert_eq!(edits[0]["newText"], json!(TEXT));
    let unknown = client.ask("textDocument/willSave", json!({}));
    assert!(unknown["error"].is_string());
    client.stop();
}

#[test]
fn modules_are_read_as_they_are_open_and_what_imports_them_is_checked_again() {
    const MODULE: &str = "file:///tmp/no%20such/folder/terms.pl";
    const MAIN: &str = "file:///tmp/no%20such/folder/main.pl";
    let module = "/// Half of it.\nfn half(x) = x / 2\nrule fade {\n    /// How fast.\n    param \
                  loss : real in 0.0 .. 1.0 = 0.5\n    every 1 ms\n    synapses { weight -= loss }\n}\n";
    let main = "import terms\nimport std.rules.weight_decay { weight_decay }\nrule r {\n    use fade as \
                f\n    use weight_decay every 1 ms\n    every 1 ms\n    synapses { weight += 8 * half(f.loss) \
                * weight_decay.decay }\n}\n";
    let mut client = Client::new(TEXT);
    assert_eq!(client.published(), (URI.to_owned(), 0));
    client.open(MAIN, main);
    let (uri, found) = client.published();
    assert!(uri == MAIN && found > 0, "{uri}: {found}");
    client.open(MODULE, module);
    assert_eq!(client.published(), (MODULE.to_owned(), 0));
    assert_eq!(client.published(), (MAIN.to_owned(), 0));
    let mut at = |method: &str, of: &str| {
        let line = main.lines().nth(6).unwrap_or_default();
        let character = line.find(of).map_or(0, |at| at + of.len());
        let place = json!({
            "textDocument": { "uri": MAIN },
            "position": { "line": 6, "character": character },
        });
        client.ask(method, place)
    };
    let hover = "textDocument/hover";
    let text = |hover: &Value| hover["contents"]["value"].as_str().unwrap_or_default().to_owned();
    for (of, line, character) in [("half", 1, 3), ("f.loss", 4, 10)] {
        let found = at("textDocument/definition", of);
        let start = json!({ "line": line, "character": character });
        assert_eq!((&found["uri"], &found["range"]["start"]), (&json!(MODULE), &start), "{of}");
    }
    let half = text(&at(hover, "half"));
    assert!(half.contains("fn half(x) = x / 2") && half.contains("Half of it."), "{half}");
    let loss = text(&at(hover, "f.loss"));
    assert!(loss.contains("param loss : real") && loss.contains("How fast."), "{loss}");
    let decay = text(&at(hover, "weight_decay.decay"));
    assert!(decay.contains("param decay"), "{decay}");
    // The library has no files.
    let found = at("textDocument/definition", "weight_decay.decay");
    assert_eq!((&found["uri"], &found["range"]["start"]["line"]), (&json!(MAIN), &json!(1)));
    assert!(text(&at(hover, "    synap")).contains("cycles"));
    let change = json!({
        "textDocument": { "uri": MODULE, "version": 2 },
        "contentChanges": [{ "text": module.replace("half", "third") }],
    });
    client.tell("textDocument/didChange", change);
    assert_eq!(client.published(), (MODULE.to_owned(), 0));
    assert_eq!(client.published(), (MAIN.to_owned(), 1));
    // What is wrong in a rule that is used is shown where it is imported.
    let change = json!({
        "textDocument": { "uri": MODULE, "version": 3 },
        "contentChanges": [{ "text": module.replace("-= loss", "-= lost") }],
    });
    client.tell("textDocument/didChange", change);
    assert_eq!(client.published(), (MODULE.to_owned(), 1));
    let shown = client.diagnostics();
    assert_eq!(shown[0]["range"]["start"], json!({ "line": 0, "character": 0 }));
    let message = shown[0]["message"].as_str().unwrap_or_default();
    assert!(message.contains("terms.pl, line 7: there is no `lost` here"), "{message}");
    client.stop();
}
