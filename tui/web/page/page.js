// After textual.js, which looks at the page once everything is loaded, and before that: where its socket is, the fonts
// by whose width it measures its cells, and the size that ?fontsize=20 asks for. The keys go to the dashboard as soon as
// it has painted.
"use strict";

const terminal = document.getElementById("terminal");
terminal.dataset.sessionWebsocketUrl = location.origin.replace(/^http/, "ws") + "/ws";

const size = Number(new URLSearchParams(location.search).get("fontsize"));
if (size >= 6 && size <= 72) terminal.dataset.fontSize = String(size);

for (const style of ["", "bold ", "italic "]) document.fonts.load(style + "16px 'Roboto Mono'");

new MutationObserver((_, observer) => {
  if (!document.body.classList.contains("-first-byte")) return;
  observer.disconnect();
  terminal.querySelector("textarea").focus();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });

document.getElementById("again").addEventListener("click", () => location.reload());
