// The watch page: shows what the server sends, and asks it about past runs. It sends nothing that changes anything.
import { CurvePlot, curvesOf, drawPlane } from "./draw.js";

const $ = (id) => document.getElementById(id);
const TOKEN = "beamshell-token";
const SILENT_MS = 15000, AGAIN_MS = 1000, ROWS = 100, REFETCH_MS = 500;

let now = null; // what happens, as the server says
let chosen = []; // past runs that are shown instead, as the server gave them
let choice = { value: "", divisor: "", log: false };
let other = null; // the run of this moment with the values of one's choice
const curvePlot = new CurvePlot($("plot"));

// ---- what happens ------------------------------------------------------------------------------

function headers() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function listen() {
  for (;;) {
    try {
      await stream();
    } catch (error) {
      if (error.door) await door();
    }
    lost();
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function stream() {
  const stop = new AbortController();
  let timer = setTimeout(() => stop.abort(), SILENT_MS);
  try {
    const answer = await fetch("live", { headers: headers(), signal: stop.signal, cache: "no-store" });
    if (answer.status === 401) throw Object.assign(new Error("token"), { door: true });
    if (!answer.ok) throw new Error(answer.statusText);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(timer);
      timer = setTimeout(() => stop.abort(), SILENT_MS);
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      parts.forEach(take);
    }
  } finally {
    clearTimeout(timer);
  }
}

function take(message) {
  const [, name, data] = message.match(/^event: (\w+)\ndata: (.*)$/s) || [];
  if (name === "whole") now = JSON.parse(data);
  else if (name === "changes" && now) merge(JSON.parse(data));
  else return;
  document.body.dataset.live = "yes";
  redraw();
}

function merge({ run, ...changes }) {
  Object.assign(now, changes);
  if (!run) return;
  if (run.uid) {
    now.run = run;
    return;
  }
  const { more_rows: rows = [], more_points: points, ...rest } = run;
  now.run.rows = now.run.rows.concat(rows).slice(-ROWS);
  if (points && now.run.plot) points.forEach((values, i) => now.run.plot.points[i].push(...values));
  Object.assign(now.run, rest);
}

function lost() {
  document.body.dataset.live = "no";
  $("state").className = "pill lost";
  $("state").textContent = "no connection";
  $("why").hidden = false;
  $("why").textContent = "The page is asked for again every second. What is below may be old.";
}

function door() {
  $("door").hidden = false;
  $("main").hidden = true;
  $("wrong").hidden = !sessionStorage.getItem(TOKEN);
  lost();
  $("token").focus();
  return new Promise((resolve) => {
    $("door").onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(TOKEN, $("token").value);
      $("token").value = "";
      $("door").hidden = true;
      $("main").hidden = false;
      resolve();
    };
  });
}

// ---- the page ----------------------------------------------------------------------------------

const drawn = {}; // by id, what is in the page, so that nothing is made again that is as it was

function isNew(id, value) {
  if (drawn[id] === value) return false;
  drawn[id] = value;
  return true;
}

let isDue = false;

function redraw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (!now) return;
    draw();
    if (!performance.getEntriesByName("drawn").length) performance.mark("drawn");
  });
}

function draw() {
  drawState(now.state);
  drawRun();
  drawPicture();
  drawMessages();
}

const text = (id, words) => {
  $(id).textContent = words;
  $(id).hidden = !words;
};

function drawState(state) {
  const run = now.run;
  $("state").className = `pill ${state.state.split(" ").pop()}`;
  $("state").textContent = state.state;
  text("why", state.why || "");
  text("command", state.command || "");
  text("console", state.console || "");
  const isOpen = Boolean(run && !run.end);
  $("progress").hidden = !isOpen;
  document.title = `${state.state} · beamshell`;
  if (!isOpen) return;
  const [point, left, elapsed] = run.progress;
  $("texts").textContent = [point, left, elapsed].filter(Boolean).join(", ");
  $("bar").hidden = !run.number;
  $("bar").value = run.number ? run.points / run.number : 0;
}

const name = (run) => (run.scan === null || run.scan === undefined ? String(run.uid).slice(0, 8) : `#${run.scan}`);

function drawRun() {
  const shown = chosen.length ? chosen : [other && now.run && other.uid === now.run.uid ? other : now.run];
  const run = shown[0];
  $("back").hidden = !chosen.length;
  if (!run) return;
  $("title").textContent = shown.length > 1 ? shown.map(name).join(", ") : run.title;
  const facts = Object.entries(run.facts).map(([key, value]) => `${key} ${value}`);
  $("about").textContent = shown.length > 1 ? shown.map((one) => one.title).join(" · ") : [run.when, ...facts].join(" · ");
  offer("value", run.values, "detectors", choice.value);
  offer("divisor", run.values, "nothing", choice.divisor);
  drawPlot(shown.filter((one) => one.plot));
  const single = shown.length === 1 ? run : null;
  $("peaks").replaceChildren(...((single && single.peaks) || []).map((line) => item("li", line)));
  text("end", single ? [single.end, single.status === "fail" && single.reason].filter(Boolean).join(": ") : "");
  $("end").className = `mono ${run.status}`;
  drawTable(single);
}

function drawPlot(runs) {
  const curves = runs.filter((run) => run.plot.kind === "curves");
  if (curves.length) {
    text("axis", "");
    const plots = curves.map((run) => ({ plot: run.plot, name: name(run), marks: run.marks }));
    curvePlot.draw(curvesOf(plots), choice.log);
  } else if (runs.length) {
    curvePlot.clear();
    text("axis", runs[0].plot.z);
    drawPlane($("plot"), runs[0].plot);
  } else {
    curvePlot.clear();
    $("plot").replaceChildren(Object.assign(item("p", "nothing to plot"), { className: "quiet" }));
  }
}

function offer(id, values, none, chosenValue) {
  const key = JSON.stringify([values, chosenValue]);
  if ($(id).dataset.key === key) return;
  $(id).dataset.key = key;
  $(id).replaceChildren(new Option(none, ""), ...values.map((value) => new Option(value, value)));
  $(id).value = values.includes(chosenValue) ? chosenValue : "";
}

function drawTable(run) {
  $("points").hidden = !(run && run.columns.length);
  if (!run || !isNew("points", run.rows)) return;
  const heads = run.columns.map(([heading, unit]) => {
    const cell = item("th", heading);
    cell.append(item("small", unit));
    return cell;
  });
  const table = $("points").querySelector("table");
  table.tHead.replaceChildren(row(heads));
  const rows = run.rows.map((cells) => row(cells.map((cell) => item("td", cell)))).reverse();
  table.tBodies[0].replaceChildren(...rows);
}

function drawPicture() {
  const isShown = Boolean(now.picture && now.run && now.picture.run === now.run.uid) && !chosen.length;
  $("picture").hidden = !isShown;
  if (!isShown || !isNew("picture", now.picture)) return;
  $("picture-title").textContent = now.picture.title;
  drawPlane($("picture-plane"), now.picture);
}

function drawMessages() {
  if (!isNew("messages", now.messages)) return;
  const lines = now.messages.map(([time, kind, words]) => {
    const line = document.createElement("li");
    line.className = kind;
    line.append(item("time", new Date(time * 1000).toLocaleTimeString("en-GB")), item("span", words));
    return line;
  });
  $("messages").replaceChildren(...lines.reverse());
}

function item(tag, words) {
  const made = document.createElement(tag);
  made.textContent = words;
  return made;
}

function row(cells) {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

// ---- past runs ---------------------------------------------------------------------------------

async function ask(path, words) {
  const answer = await fetch(`${path}?${new URLSearchParams(words)}`, { headers: headers() });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error);
  return value;
}

async function find() {
  try {
    const { runs, foot } = await ask("runs", { q: $("words").value });
    $("foot").className = "quiet";
    $("foot").textContent = foot;
    $("runs").replaceChildren(...runs.map(foundRun));
  } catch (error) {
    $("foot").className = "bad";
    $("foot").textContent = error.message;
  }
}

function foundRun(run) {
  const line = document.createElement("li"), label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", value: run.uid });
  box.checked = chosen.some((one) => one.uid === run.uid);
  box.onchange = choose;
  label.append(item("span", run.title), item("small", run.when));
  label.prepend(box, " ");
  label.className = "mono";
  line.append(label, Object.assign(item("span", run.status), { className: `mono ${run.status}` }));
  return line;
}

const boxes = () => [...$("runs").querySelectorAll("input:checked")].map((box) => box.value);

function choiceWords() {
  const value = choice.value || (choice.divisor && firstValue());
  return value ? { y: choice.divisor ? `${value}/${choice.divisor}` : value } : {};
}

function firstValue() {
  const run = chosen[0] || now.run;
  return (run.plot && run.plot.keys && run.plot.keys[0].split("/")[0]) || run.values.find((one) => one !== choice.divisor);
}

let asked = 0;

async function choose() {
  const number = ++asked;
  try {
    const runs = await Promise.all(boxes().map((uid) => ask("run", { uid, ...choiceWords() })));
    if (number !== asked) return; // another choice was made meanwhile
    chosen = runs;
    $("foot").className = "quiet";
  } catch (error) {
    $("foot").className = "bad";
    $("foot").textContent = error.message;
  }
  redraw();
}

let isAsking = false;

async function refetch() {
  const words = choiceWords();
  if (!words.y || !now || !now.run) {
    other = null;
  } else if (!chosen.length && !(other && other.uid === now.run.uid && other.end && other.y === words.y)) {
    if (isAsking) return;
    isAsking = true;
    const began = performance.now();
    other = await ask("run", { uid: now.run.uid, ...words }).then((run) => ({ ...run, y: words.y }), () => null);
    redraw();
    setTimeout(() => { isAsking = false; }, 4 * (performance.now() - began)); // a long run is not asked for all the time
  }
}

for (const id of ["value", "divisor"]) {
  $(id).onchange = () => {
    choice[id] = $(id).value;
    if (chosen.length) choose();
    refetch().then(redraw);
  };
}
$("log").onchange = () => {
  choice.log = $("log").checked;
  redraw();
};
$("back").onclick = () => {
  asked++;
  chosen = [];
  $("runs").querySelectorAll("input").forEach((box) => { box.checked = false; });
  redraw();
};
let typing = 0;
$("words").oninput = () => {
  clearTimeout(typing);
  typing = setTimeout(find, 250);
};
$("search").onsubmit = (event) => {
  event.preventDefault();
  find();
};

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
new ResizeObserver(redraw).observe($("plot"));
setInterval(refetch, REFETCH_MS);
let known = "";
setInterval(() => { // the list of runs has the newest
  const key = now && document.body.dataset.live === "yes" ? JSON.stringify(now.run && [now.run.uid, now.run.status]) : "";
  if (key && key !== known && !document.hidden) {
    known = key;
    find();
  }
}, AGAIN_MS);
listen();
