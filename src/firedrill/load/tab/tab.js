// Draws what the run says of itself, as it says it. Only looks: nothing here asks the drill to do anything.
"use strict";
const PHASES = ["preflight", "warm-up", "inject", "recover", "put-back", "redundancy", "witness", "done"];
const SHAPES = { up: "\u2713 up", down: "\u2717 down", unknown: "? unknown" };
const SHORT = { fault: "fault", "put-back": "put-back", recovered: "recovered", redundant: "redundant" };
const LAYERS = ["up", "unknown", "down"]; // the worst is drawn last, and wins
const [LABEL, BAR, LANE, ROW, FOOT] = [14, 14, 40, 16, 24];
const [LEAD_S, LOOK_BACK_S, LEAST_S] = [10, 60, 30];
const marks = [];
const lanes = []; // for each watch, by state: stretches of [from, to]
let news = null;
let folder = "";
let connected = true;
const element = (id) => document.getElementById(id);

function hear(message) {
  news = message;
  marks.push(...message.marks);
  for (const [lane, state, first, found] of message.stretches) {
    lanes[lane] ??= { up: [], unknown: [], down: [] };
    lanes[lane][state].splice(first, Infinity, ...found);
  }
  if (message.marks.length || !element("marks").childElementCount) list();
  paint();
}

function paint() {
  state();
  if (!news) return;
  chips();
  table();
  chart();
  verdict();
}

function make(name, words = "", classes = "") {
  const made = document.createElement(name);
  made.textContent = words;
  if (classes) made.className = classes;
  return made;
}

// Put these in, unless the same words are there already: a reader may be selecting them.
function put(id, children) {
  const box = element(id);
  const fresh = make("div");
  fresh.append(...children);
  if (fresh.innerHTML !== box.innerHTML) box.replaceChildren(...children);
}

function chips() {
  const reached = PHASES.indexOf(news.phase);
  put("phases", PHASES.map((name, position) => {
    const chip = make("li", name, position < reached ? "past" : "");
    if (position === reached) chip.setAttribute("aria-current", "step");
    return chip;
  }));
}

function state() {
  const lost = `No connection: the command has ended, and this is the last that it said. Everything is in ${folder || "the run's directory"}.`;
  const going = news && !news.ended ? `${clock(news.now)} since the start of the run` : "";
  element("state").textContent = connected ? going : lost;
  element("state").classList.toggle("lost", !connected);
}

function table() {
  put("rows", news.watches.map((one) => {
    const row = make("tr");
    const name = make("th", one.name);
    name.scope = "row";
    name.append(" ", make("span", side(one), "side"));
    const words = one.silent ? "? no answer" : SHAPES[one.state];
    row.append(name, make("td", words, `now ${one.state}`), make("td", clock(Math.max(0, news.now - one.since)), "number"));
    row.append(make("td", one.good, "number"), make("td", one.bad, "number"), make("td", one.code));
    return row;
  }));
}

function side(one) {
  const connection = { new: "new connection", kept: "kept alive" }[one.connection] ?? one.connection;
  return [connection, one.note].filter(Boolean).join(", ");
}

function list() {
  const zero = origin();
  const rows = [...marks].reverse().map((mark) => {
    const row = make("li", "", mark.kind);
    row.append(make("time", since(mark.at, zero)), make("span", mark.words));
    return row;
  });
  put("marks", rows.length ? rows : [make("li", "nothing yet")]);
}

function verdict() {
  element("verdict").hidden = !news.ended;
  if (!news.ended) return;
  element("verdict").className = news.ended.outcome;
  element("outcome").textContent = news.ended.outcome;
  element("sentence").textContent = news.ended.sentence;
}

const clock = (seconds) => (seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`);
const fault = () => marks.find((mark) => mark.kind === "fault");
const origin = () => fault()?.at ?? 0;

function since(at, zero) {
  const seconds = at - zero;
  return `${seconds < 0 ? "\u2212" : "+"}${Math.abs(seconds).toFixed(1)} s`;
}

// From a little before the fault until now; before there is one, the last minute.
function frame() {
  const end = Math.max(news.now, marks.at(-1)?.at ?? 0);
  let start = Math.max(0, end - LOOK_BACK_S);
  if (fault()) start = Math.max(0, fault().at - LEAD_S);
  if (element("whole").checked) start = 0;
  return [start, Math.max(end, start + LEAST_S)];
}

function chart() {
  const svg = element("chart");
  const width = svg.clientWidth;
  if (!width) return; // not shown
  const [start, end] = frame();
  const at = (moment) => ((Math.min(Math.max(moment, start), end) - start) / (end - start)) * width;
  const labels = placed(at, start, end, width);
  const top = Math.max(1, ...labels.map((label) => label.row + 1)) * ROW + 4;
  const bottom = top + news.watches.length * LANE;
  svg.setAttribute("viewBox", `0 0 ${width} ${bottom + FOOT}`);
  svg.setAttribute("height", bottom + FOOT);
  const rows = news.watches.map((one, index) => ({ one, index, top: top + index * LANE }));
  svg.replaceChildren(
    ...ticks(at, start, end, top, bottom, width),
    ...rows.flatMap((row) => bars(row, at, start, end, width)),
    ...labels.flatMap((label) => line(label, bottom, width)),
    ...rows.map(title),
  );
}

function draw(name, attributes, words) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (words !== undefined) made.textContent = words;
  return made;
}

function title({ one, top }) {
  const name = draw("text", { x: 0, y: top + LABEL }, one.name);
  name.append(draw("tspan", { class: "quiet" }, `  ${side(one)}`));
  return name;
}

function bars({ index, top }, at, start, end, width) {
  const middle = top + LABEL + 4 + BAR / 2;
  const drawn = LAYERS.flatMap((state) => (lanes[index]?.[state] ?? [])
    .filter(([from, to]) => to >= start && from <= end)
    .map(([from, to]) => {
      const left = at(from);
      const wide = Math.max(at(to) - left, state === "up" ? 0.5 : 3); // one bad answer must not vanish
      return draw("rect", { x: left.toFixed(1), y: middle - BAR / 2, width: wide.toFixed(1), height: BAR, class: state });
    }));
  return [draw("line", { x1: 0, x2: width, y1: middle, y2: middle, class: "track" }), ...drawn];
}

// Labels hang right of their line, or left of it near the edge; one that would touch an earlier one goes a row below.
function placed(at, start, end, width) {
  const done = [];
  for (const mark of marks) {
    if (!(mark.kind in SHORT) || mark.at < start || mark.at > end) continue;
    const x = at(mark.at);
    const room = SHORT[mark.kind].length * 7.5 + 8;
    const flipped = x + room > width;
    const [left, right] = flipped ? [x - room, x] : [x, x + room];
    const row = Math.max(0, ...done.filter((other) => other.left < right && left < other.right).map((other) => other.row + 1));
    done.push({ kind: mark.kind, x, left, right, row, flipped });
  }
  return done;
}

function line(label, bottom, width) {
  const edge = Math.min(Math.max(label.x, 1), width - 1);
  return [
    draw("line", { x1: edge, x2: edge, y1: label.row * ROW + 2, y2: bottom, class: `mark ${label.kind}` }),
    draw("text", { x: label.x + (label.flipped ? -4 : 4), y: label.row * ROW + 13, "text-anchor": label.flipped ? "end" : "start", class: `label ${label.kind}` }, SHORT[label.kind]),
  ];
}

function ticks(at, start, end, top, bottom, width) {
  const zero = origin();
  const least = ((end - start) * 70) / width;
  const step = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600].find((one) => one >= least) ?? 7200;
  const drawn = [];
  for (let k = Math.ceil((start - zero) / step); zero + k * step <= end; k++) {
    const x = at(zero + k * step);
    const anchor = x < 20 ? "start" : x > width - 20 ? "end" : "middle";
    drawn.push(draw("line", { x1: x, x2: x, y1: top, y2: bottom, class: "grid" }));
    drawn.push(draw("text", { x, y: bottom + 16, "text-anchor": anchor, class: "quiet" }, `${k * step < 0 ? "\u2212" : ""}${Math.abs(k * step)} s`));
  }
  return drawn;
}

// Locust's pages keep the reader's choice here, and its own button changes it.
function dress() {
  const dark = localStorage.theme ? localStorage.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

dress();
addEventListener("storage", dress);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);
document.documentElement.classList.toggle("alone", !window.frameElement);
if (window.frameElement) new ResizeObserver(() => { window.frameElement.style.height = `${document.body.offsetHeight}px`; }).observe(document.body);
new ResizeObserver(paint).observe(document.querySelector("main"));
element("whole").addEventListener("change", paint);

const source = new EventSource("news");
source.addEventListener("drill", (event) => {
  const drill = JSON.parse(event.data);
  element("title").textContent = drill.title;
  element("because").textContent = drill.because;
  folder = drill.folder;
  marks.length = lanes.length = 0; // everything is told again
  connected = true;
});
source.addEventListener("news", (event) => hear(JSON.parse(event.data)));
source.addEventListener("error", () => {
  connected = false;
  paint();
});
