// Fills the "Fire drill" tab of Locust's pages, and takes away the buttons that would start, stop or change the load:
// the server refuses what they ask for. A frame keeps Locust's styles and ours apart.
"use strict";
const TITLE = "Fire drill";
const ACTS = new Set(["Edit", "Stop", "Reset", "New"]);
const frame = document.createElement("iframe");
frame.src = "./fire-drill/";
frame.title = TITLE;
frame.id = "fire-drill";
frame.style.cssText = "display: block; width: 100%; border: 0;";

function settle() {
  for (const button of document.querySelectorAll("button")) if (ACTS.has(button.textContent)) button.style.display = "none";
  const tab = document.querySelector("#root [role=tab][aria-selected=true]");
  const box = tab?.closest(".MuiContainer-root");
  if (box && frame.parentNode !== box) box.append(frame);
  frame.style.display = tab?.textContent === TITLE ? "block" : "none";
}

new MutationObserver(settle).observe(document.body, { childList: true, subtree: true, attributeFilter: ["aria-selected"] });
settle();
