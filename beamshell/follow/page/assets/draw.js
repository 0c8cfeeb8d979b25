// Draws curves (uPlot), and planes: grids, maps and pictures (a canvas). It knows neither the server nor the page.
/* global uPlot */

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const short = (value) => (value === null || value === undefined ? "–" : String(Number(Number(value).toPrecision(7))));

const POINTS_SHOWN = 150, BESIDE_PLANE = 80;

// Viridis, at nine places.
const STOPS = ["440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"].map((hex) =>
  [0, 2, 4].map((at) => parseInt(hex.slice(at, at + 2), 16)));

function shade(share) {
  const at = Math.min(Math.max(share, 0), 1) * (STOPS.length - 1), low = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[low].map((value, i) => Math.round(value + (STOPS[low + 1][i] - value) * (at - low)));
}

// ---- curves ------------------------------------------------------------------------------------

// uPlot wants rising xs. A scan that goes back and forth is drawn as points.
function rising(points) {
  const xs = points[0];
  let up = true, down = true;
  for (let i = 1; i < xs.length; i++) {
    if (xs[i] < xs[i - 1]) up = false;
    if (xs[i] > xs[i - 1]) down = false;
  }
  if (up) return { data: points, joined: true };
  if (down) return { data: points.map((values) => values.slice().reverse()), joined: true };
  const order = xs.map((_, i) => i).filter((i) => xs[i] !== null).sort((a, b) => xs[a] - xs[b]);
  return { data: points.map((values) => order.map((i) => values[i])), joined: false };
}

// One plot of the curves of one run, or of one curve each of several runs.
export function curvesOf(plots) {
  if (plots.length === 1) {
    const { x, ys, keys, points, limits } = plots[0].plot;
    return { x, limits, labels: ys, keys, marks: plots[0].marks || [], ...rising(points) };
  }
  const parts = plots.map(({ plot }) => rising([plot.points[0], plot.points[1]]));
  const labels = plots.map(({ plot, name }) => `${name} ${plot.ys[0]}`);
  return { x: plots[0].plot.x, limits: null, labels, keys: [], marks: [], joined: parts.every((part) => part.joined),
    data: uPlot.join(parts.map((part) => part.data)) };
}

function drawMarks(u, curves) {
  const ctx = u.ctx, ratio = devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.fillStyle = ctx.strokeStyle = colour("--quiet");
  ctx.setLineDash([4 * ratio, 4 * ratio]);
  let row = 1;
  for (const [key, x, label] of curves.marks) {
    const at = u.valToPos(x, "x", true);
    if (key !== curves.keys[0] || at < u.bbox.left || at > u.bbox.left + u.bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(at, u.bbox.top);
    ctx.lineTo(at, u.bbox.top + u.bbox.height);
    ctx.stroke();
    const onRight = at + ctx.measureText(label).width + 8 * ratio < u.bbox.left + u.bbox.width;
    ctx.textAlign = onRight ? "left" : "right";
    ctx.fillText(label, at + (onRight ? 5 : -5) * ratio, u.bbox.top + 14 * ratio * row++);
  }
  ctx.restore();
}

export class CurvePlot {
  // Draws into an element; the plot is made anew only if what it shows is of another kind.
  constructor(place) {
    this.place = place;
    this.plot = null;
    this.kind = "";
  }

  draw(curves, log) {
    this.curves = curves;
    const width = this.place.clientWidth, height = Math.max(240, Math.min(460, Math.round(width * 0.6)));
    const kind = JSON.stringify([curves.x, curves.labels, curves.joined, log, colour("--ink")]);
    if (kind !== this.kind || !this.plot) {
      this.clear();
      this.kind = kind;
      this.plot = new uPlot(this.options(curves, log, width, height), curves.data, this.place);
    } else {
      this.plot.setData(curves.data);
    }
    if (this.plot.width !== width || this.plot.height !== height) this.plot.setSize({ width, height });
  }

  clear() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
    this.place.replaceChildren();
  }

  options(curves, log, width, height) {
    const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--grid"), width: 1 },
      ticks: { stroke: colour("--grid"), width: 1 }, font: "12px system-ui, sans-serif" };
    const series = curves.labels.map((label, i) => ({
      label, stroke: colour(`--c${i % 5}`), width: curves.joined ? 1.6 : 0, spanGaps: true,
      points: { show: (u) => !curves.joined || u.data[0].length <= POINTS_SHOWN, size: 6, fill: colour("--card") }, value: (_, value) => short(value),
    }));
    const range = (u, low, high) => {
      const limits = this.curves.limits || [low, high];
      const ends = [Math.min(low, limits[0]), Math.max(high, limits[1])];
      return ends[0] < ends[1] ? ends : [ends[0] - 0.5, ends[1] + 0.5];
    };
    return {
      width, height, series: [{ label: curves.x, value: (_, value) => short(value) }, ...series],
      scales: { x: { time: false, range }, y: log ? { distr: 3 } : {} },
      axes: [{ ...axis, size: 32, label: curves.x, labelFont: axis.font, labelSize: 20 },
        { ...axis, size: 62, values: (_, values) => values.map((value) => (value === null ? "" : short(value))) }],
      cursor: { drag: { x: true, y: true, uni: 20 } },
      hooks: { draw: [(u) => drawMarks(u, this.curves)] },
    };
  }
}

// ---- planes ------------------------------------------------------------------------------------

function element(name, className, ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

function ramp() {
  const canvas = element("canvas", "ramp");
  canvas.width = 1;
  canvas.height = 64;
  const ctx = canvas.getContext("2d");
  for (let i = 0; i < 64; i++) {
    ctx.fillStyle = `rgb(${shade(1 - i / 63)})`;
    ctx.fillRect(0, i, 1, 1);
  }
  return canvas;
}

function fillLevels(canvas, plane) {
  const bytes = Uint8Array.from(atob(plane.levels), (character) => character.charCodeAt(0));
  canvas.width = plane.width;
  canvas.height = plane.height;
  const ctx = canvas.getContext("2d"), image = ctx.createImageData(plane.width, plane.height);
  bytes.forEach((level, i) => {
    if (level) image.data.set([...shade((level - 1) / 254), 255], 4 * i);
  });
  ctx.putImageData(image, 0, 0);
}

function fillPoints(canvas, plane) {
  const [xs, ys, zs] = plane.points, size = canvas.width = canvas.height = 600, margin = 12;
  const ends = [xs, ys].map((values) => {
    const finite = values.filter((value) => value !== null);
    return [Math.min(...finite), Math.max(...finite)];
  });
  const at = (value, [low, high]) => margin + (size - 2 * margin) * (high > low ? (value - low) / (high - low) : 0.5);
  const ctx = canvas.getContext("2d"), radius = Math.max(3, Math.min(14, 160 / Math.sqrt(xs.length)));
  xs.forEach((x, i) => {
    if (x === null || ys[i] === null || zs[i] === null) return;
    ctx.fillStyle = `rgb(${shade(plane.high > plane.low ? (zs[i] - plane.low) / (plane.high - plane.low) : 0)})`;
    ctx.beginPath();
    ctx.arc(at(x, ends[0]), size - at(ys[i], ends[1]), radius, 0, 7);
    ctx.fill();
  });
  return { xs: ends[0], ys: ends[1] };
}

// A grid, a map of points or a picture, with its axes if it has some, and what its colours mean.
export function drawPlane(place, plane) {
  const canvas = element("canvas", "");
  const { xs, ys } = plane.points ? fillPoints(canvas, plane) : (fillLevels(canvas, plane), plane);
  const high = Math.min(460, Math.round(place.clientWidth * 0.75));
  const label = (text) => element("span", "", text);
  const parts = [canvas, element("div", "scale", label(short(plane.high)), ramp(), label(short(plane.low)))];
  if (xs) {
    parts.push(element("div", "right", label(short(xs[0])), label(plane.x), label(short(xs[1]))));
    parts.push(element("div", "up", label(short(ys[0])), label(plane.y), label(short(ys[1]))));
  }
  const whole = element("div", "plane", ...parts);
  if (plane.kind === "grid") canvas.style.height = `${high}px`;
  else whole.style.maxWidth = `${BESIDE_PLANE + Math.round(high * canvas.width / canvas.height)}px`;
  place.replaceChildren(whole);
}
