"use strict";
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function element(parent, tag, attributes = {}, text = "") {
  const svg = parent.namespaceURI === SVG;
  const node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== "") node.textContent = text;
  parent.appendChild(node);
  return node;
}

const nanoseconds = (v) => (v === null ? "" : v < 100 ? v.toFixed(1) : Math.round(v).toLocaleString("en"));
const fixed = (digits) => (v) => (v === null || v === undefined ? "" : v.toFixed(digits));
const general = (v) => (v === null || v === undefined ? "" : typeof v === "number" ? +v.toPrecision(6) + "" : v);

/* A table whose headings sort. columns: {title, value(row), show(value), text} */
function table(node, columns, rows, options = {}) {
  let by = options.by || 0, down = options.down || false;
  const draw = () => {
    node.textContent = "";
    const head = element(element(node, "thead"), "tr");
    columns.forEach((column, i) => {
      const th = element(head, "th", { class: column.text ? "text" : "", scope: "col", tabindex: 0 }, column.title);
      if (i === by) th.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sort = () => { down = i === by ? !down : false; by = i; draw(); };
      th.onclick = sort;
      th.onkeydown = (event) => { if (event.key === "Enter") sort(); };
    });
    const value = columns[by].value;
    const order = (a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null) return (x === null) - (y === null);
      const sign = x < y ? -1 : x > y ? 1 : 0;
      return down ? -sign : sign;
    };
    const body = element(node, "tbody");
    for (const row of [...rows].sort(order)) {
      const tr = element(body, "tr", { class: (options.style && options.style(row)) || "" });
      if (options.click) tr.onclick = () => options.click(row);
      for (const column of columns) {
        const shown = column.value(row);
        const mark = column.mark ? column.mark(row) : "";
        element(tr, "td", { class: (column.text ? "text " : "") + mark },
          column.show ? column.show(shown) : shown ?? "");
      }
    }
  };
  draw();
  return draw;
}

/* Scales */
function logTicks(low, high) {
  const steps = high / low > 300 ? [1] : high / low > 30 ? [1, 3] : [1, 2, 5];
  const ticks = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
    for (const s of steps) { const t = +(s * 10 ** e).toPrecision(3); if (t >= low && t <= high) ticks.push(t); }
  return ticks;
}
function linearTicks(low, high) {
  const raw = (high - low) / 6, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const ticks = [];
  for (let t = Math.ceil(low / step) * step; t <= high + 1e-9; t += step) ticks.push(+t.toPrecision(6));
  return ticks;
}
function scale(values, start, end, log) {
  let low = Math.min(...values), high = Math.max(...values);
  if (log) { const pad = Math.max((high / low) ** 0.06, 1.06); low /= pad; high *= pad; }
  else { const pad = (high - low) * 0.07 || high * 0.05 || 1; low -= pad; high += pad; }
  const f = log ? Math.log : (v) => v;
  const place = (v) => start + ((f(v) - f(low)) / (f(high) - f(low))) * (end - start);
  return { place, ticks: (log ? logTicks : linearTicks)(low, high) };
}
const BOX = { left: 70, right: 930, top: 20 };

function axes(svg, x, y, bottom, xTitle, yTitle) {
  for (const t of x.ticks) {
    element(svg, "line", { class: "grid", x1: x.place(t), x2: x.place(t), y1: BOX.top, y2: bottom });
    element(svg, "text", { x: x.place(t), y: bottom + 20, "text-anchor": "middle" }, t.toLocaleString("en", { maximumFractionDigits: 9 }));
  }
  for (const t of y.ticks) {
    element(svg, "line", { class: "grid", x1: BOX.left, x2: BOX.right, y1: y.place(t), y2: y.place(t) });
    element(svg, "text", { x: BOX.left - 8, y: y.place(t) + 4, "text-anchor": "end" }, t + "");
  }
  element(svg, "text", { x: (BOX.left + BOX.right) / 2, y: bottom + 44, "text-anchor": "middle" }, xTitle);
  element(svg, "text", { transform: `translate(20 ${(BOX.top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, yTitle);
}

/* Labels go where they touch neither each other nor a mark; those that find no room are in the tooltip. */
function labeller(svg, marks) {
  const taken = marks.map(([x, y]) => [x - 6, y - 6, x + 6, y + 6]);
  const free = (b) => b[0] > BOX.left && b[2] < BOX.right && b[1] > BOX.top - 12 &&
    taken.every((t) => b[2] < t[0] || b[0] > t[2] || b[3] < t[1] || b[1] > t[3]);
  return (x, y, text, style) => {
    const node = element(svg, "text", { class: "label " + style }, text);
    const w = node.getComputedTextLength() || text.length * 7;
    const spots = [[9, 4], [-9 - w, 4], [-w / 2, -10], [-w / 2, 19], [9, -8], [9, 16], [-9 - w, -8], [-9 - w, 16]];
    for (const [dx, dy] of spots) {
      const box = [x + dx - 1, y + dy - 11, x + dx + w + 1, y + dy + 3];
      if (!free(box)) continue;
      taken.push(box);
      node.setAttribute("x", x + dx); node.setAttribute("y", y + dy);
      return;
    }
    node.remove();
  };
}

function pareto(rows, side) {
  const front = [];
  for (const row of [...rows].sort((a, b) => a[side] - b[side] || a.bits - b.bits))
    if (!front.length || row.bits < front[front.length - 1].bits) front.push(row);
  return front;
}

function scatter(array, side) {
  const svg = $("scatter"), bottom = 420;
  svg.textContent = "";
  const rows = array.rows.filter((r) => r.bound === null && r[side]);
  if (!rows.length) { element(svg, "text", { x: 80, y: 60 }, "nothing was timed in this record"); return; }
  const bits = rows.map((r) => r.bits);
  const x = scale(rows.map((r) => r[side]), BOX.left, BOX.right, true);
  const y = scale(bits, bottom, BOX.top, Math.max(...bits) > 3 * Math.min(...bits));
  axes(svg, x, y, bottom, `nanoseconds per sample to ${side}`, "bits per sample");
  const front = pareto(rows, side);
  const corners = front.map((r, i) => (i ? `H${x.place(r[side])}V${y.place(r.bits)}` : `M${x.place(r[side])} ${y.place(r.bits)}`));
  element(svg, "path", { class: "front", d: corners.join("") });
  const levels = rows.filter((r) => r.ours).sort((a, b) => (a.peer < b.peer ? -1 : 1));
  element(svg, "path", { class: "levels", d: levels.map((r, i) => `${i ? "L" : "M"}${x.place(r[side])} ${y.place(r.bits)}`).join("") });
  for (const r of rows) {
    const colour = r.ours ? "var(--ours)" : "var(--peer)";
    const dot = element(svg, "circle", { cx: x.place(r[side]), cy: y.place(r.bits), r: r.ours ? 6 : 5,
      fill: front.includes(r) ? colour : "var(--paper)", stroke: colour });
    element(dot, "title", {}, `${r.peer}: ${r.bits.toFixed(3)} bits, encode ${nanoseconds(r.encode)} ns, decode ${nanoseconds(r.decode)} ns`);
  }
  const label = labeller(svg, rows.map((r) => [x.place(r[side]), y.place(r.bits)]));
  const weight = (r) => (r.ours ? 0 : front.includes(r) ? 1 : 2);
  for (const r of [...rows].sort((a, b) => weight(a) - weight(b) || a.bits - b.bits))
    label(x.place(r[side]), y.place(r.bits), r.peer, r.ours ? "ours" : "");
}

function rate(array) {
  const rows = array.rows.filter((r) => r.bound !== null && (!r.ours || /[158] bounded$/.test(r.peer)));
  $("lossy").hidden = !rows.length;
  if (!rows.length) return;
  const svg = $("rate"), bottom = 320;
  svg.textContent = "";
  const x = scale(rows.map((r) => r.bound), BOX.left, BOX.right - 170, true);
  const y = scale(rows.map((r) => r.bits), bottom, BOX.top, false);
  x.ticks = [...new Set(rows.map((r) => r.bound))].sort((a, b) => a - b);
  axes(svg, x, y, bottom, "bound on the absolute error", "bits per sample");
  const names = [...new Set(rows.map((r) => r.peer))];
  const families = [...new Set(rows.filter((r) => !r.ours).map((r) => r.family))];
  const colour = (r) => (r.ours ? "var(--ours)" : `var(--${"abcd"[families.indexOf(r.family) % 4]})`);
  const ends = [];
  names.forEach((name) => {
    const line = rows.filter((r) => r.peer === name).sort((a, b) => a.bound - b.bound);
    const d = line.map((r, i) => `${i ? "L" : "M"}${x.place(r.bound)} ${y.place(r.bits)}`).join("");
    element(svg, "path", { d, fill: "none", stroke: colour(line[0]), "stroke-width": 2 });
    for (const r of line) {
      const over = typeof r.error !== "number" || r.error > r.bound;
      const dot = element(svg, "circle", { cx: x.place(r.bound), cy: y.place(r.bits), r: 5,
        fill: over ? "var(--paper)" : colour(r), stroke: colour(r) });
      element(dot, "title", {}, `${r.peer} at ${r.bound}: ${r.bits.toFixed(3)} bits, largest error ${general(r.error)}`);
    }
    const last = line[line.length - 1];
    ends.push({ at: y.place(last.bits), end: last, name });
  });
  let before = -Infinity;
  for (const e of ends.sort((a, b) => a.at - b.at)) {
    const at = Math.max(e.at, before + 15);
    before = at;
    element(svg, "line", { x1: x.place(e.end.bound) + 7, x2: BOX.right - 152, y1: e.at, y2: at, stroke: colour(e.end), "stroke-width": 1 });
    element(svg, "text", { class: "label", x: BOX.right - 148, y: at + 4, style: `fill:${colour(e.end)}` }, e.name);
  }
}

const least = (rows) => rows.reduce((a, b) => (a === null || b.bits < a.bits ? b : a), null);
const lossless = (array, ours) => array.rows.filter((r) => r.bound === null && r.ours === ours);
const levels = [...new Set(DATA.arrays.flatMap((a) => lossless(a, true).map((r) => r.peer)))].sort();
const shownLevels = levels.filter((name) => /[1358]$/.test(name));
const bitsAt = (array, name) => array.rows.find((r) => r.bound === null && r.peer === name)?.bits ?? null;
const bestPeer = (array) => least(lossless(array, false));
function ratio(array) {
  const [mine, theirs] = [least(lossless(array, true)), bestPeer(array)];
  return mine && theirs ? mine.bits / theirs.bits : null;
}

let chosen = DATA.arrays.find((a) => a.name === decodeURIComponent(location.hash.slice(1))) || DATA.arrays[0];
const side = () => document.querySelector("input[name=side]:checked").value;

const drawOverview = table($("overview"), [
  { title: "array", value: (a) => a.name, text: true },
  { title: "kind", value: (a) => a.kind, text: true },
  { title: "group", value: (a) => a.group, text: true },
  { title: "dtype", value: (a) => a.dtype, text: true },
  { title: "shape", value: (a) => a.shape.join("\u00d7"), text: true },
  ...shownLevels.map((name) => ({ title: name, value: (a) => bitsAt(a, name), show: fixed(3) })),
  { title: "others", value: (a) => bestPeer(a)?.bits ?? null, show: fixed(3) },
  { title: "by", value: (a) => bestPeer(a)?.peer ?? "", text: true },
  { title: "ratio", value: ratio, show: fixed(3), mark: (a) => (ratio(a) > 1 ? "worse" : "") },
], DATA.arrays, { by: 1, click: (a) => { choose(a); $("one").scrollIntoView(); }, style: (a) => (a === chosen ? "chosen" : "") });

function choose(array) {
  chosen = array;
  history.replaceState(null, "", "#" + encodeURIComponent(array.name));
  drawOverview();
  $("name").textContent = array.name;
  const where = array.licence ? `${array.source}, ${array.licence}` : array.source;
  $("about").textContent = `${array.about || array.kind}; ${array.dtype}, ${array.shape.join(" \u00d7 ")}; ${where}.`;
  scatter(array, side());
  rate(array);
  const costs = [
    { title: "bits", value: (r) => r.bits, show: fixed(3) },
    { title: "encode ns", value: (r) => r.encode, show: nanoseconds },
    { title: "decode ns", value: (r) => r.decode, show: nanoseconds },
    { title: "encode MiB", value: (r) => r.memory[0], show: fixed(1) },
    { title: "decode MiB", value: (r) => r.memory[1], show: fixed(1) },
  ];
  const peer = { title: "compressor", value: (r) => r.peer, text: true };
  const style = (r) => (r.ours ? "ours" : "");
  table($("rows"), [peer, ...costs], array.rows.filter((r) => r.bound === null), { by: 1, style });
  const bounded = array.rows.filter((r) => r.bound !== null).sort((a, b) => a.bits - b.bits);
  $("bounded").hidden = !bounded.length;
  table($("bounds"), [
    peer,
    { title: "bound", value: (r) => r.bound, show: general },
    ...costs,
    { title: "largest error", value: (r) => r.error, show: general,
      mark: (r) => (r.error <= r.bound ? "" : "worse") },
  ], bounded, { by: 1, down: true, style });
  const notes = array.marginals.map((m) => `${m.name} ${m.bits.toFixed(3)}`);
  const parts = [];
  if (array.entropy !== null) parts.push(`Entropy of the source: ${array.entropy.toFixed(3)} bits per sample.`);
  if (notes.length) parts.push(`Densities alone, bits per sample: ${notes.join(", ")}.`);
  for (const [peer, reason] of array.refused) parts.push(`${peer}: ${reason}.`);
  $("notes").textContent = parts.join(" ");
}

const dark = matchMedia("(prefers-color-scheme: dark)").matches || new URLSearchParams(location.search).get("theme") === "dark";
document.documentElement.dataset.theme = dark ? "dark" : "light";
$("theme").onclick = () => {
  const root = document.documentElement.dataset;
  root.theme = root.theme === "dark" ? "light" : "dark";
};
const m = DATA.machine;
$("where").textContent = `${DATA.arrays.length} arrays, ${DATA.date}, one thread of ${m.processor}, ${m.cores} cores, ${m["memory GiB"]} GiB, ${m.system}, Python ${m.python}.`;
$("versions").textContent = "Versions: " + Object.entries(DATA.versions).map(([k, v]) => `${k} ${v}`).join(", ") + ".";
for (const [name, reason] of DATA.skipped) element($("skipped"), "li", {}, `${name} skipped: ${reason}`);
for (const radio of document.querySelectorAll("input[name=side]")) radio.onchange = () => scatter(chosen, side());
choose(chosen);
