// Adds what paper cannot do: a cursor with the time under it, and tips at once. Everything can be read without it.
"use strict";
for (const figure of document.querySelectorAll("figure")) {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  figure.append(tip);
  for (const chart of figure.querySelectorAll("svg.chart")) watch(figure, chart, tip);
}

function watch(figure, chart, tip) {
  const [left, right, top, bottom, start, end] = ["left", "right", "top", "bottom", "start", "end"].map((key) => Number(chart.dataset[key]));
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", top);
  cursor.setAttribute("y2", bottom);
  cursor.setAttribute("visibility", "hidden");
  chart.append(cursor);
  const name = chart.querySelector(":scope > title");
  chart.setAttribute("aria-label", name.textContent);
  for (const title of chart.querySelectorAll("title")) {
    if (title !== name) title.parentNode.dataset.tip = title.textContent;
    title.remove(); // the browser's own tip would cover ours
  }

  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * chart.viewBox.baseVal.width;
    const inside = x >= left && x <= right;
    cursor.setAttribute("visibility", inside ? "visible" : "hidden");
    tip.hidden = !inside;
    if (!inside) return;
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    const seconds = start + ((x - left) / (right - left)) * (end - start);
    const words = event.target.dataset.tip;
    tip.textContent = `${seconds < 0 ? "\u2212" : "+"}${Math.abs(seconds).toFixed(2)} s${words ? " \u00b7 " + words : ""}`;
    place(figure, tip, event);
  });
  chart.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    tip.hidden = true;
  });
}

function place(figure, tip, event) {
  const box = figure.getBoundingClientRect();
  const x = Math.min(event.clientX - box.left + 14, box.width - tip.offsetWidth);
  tip.style.left = `${Math.max(0, x)}px`;
  tip.style.top = `${event.clientY - box.top + 18}px`;
}

// Charts are printed in full; lists of thousands of lines stay closed.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not(.long)")) details.open = true;
});
