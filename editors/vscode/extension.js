// Starts `plc lsp` for documents of the rule language.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = function () {
  const command = workspace.getConfiguration("plc").get("path");
  const server = { command, args: ["lsp"] };
  const documents = { documentSelector: [{ language: "plasticity-rule" }] };
  client = new LanguageClient("plc", "Plasticity rules", server, documents);
  return client.start();
};

exports.deactivate = function () {
  return client && client.stop();
};
