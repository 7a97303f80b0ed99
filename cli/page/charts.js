// The scatter of two values, and the hypervolume, drawn by Chart.js.

// Shape says how joules were obtained, so that no colour is needed to tell.
const SHAPES = {measured: "circle", attributed: "triangle", calibrated: "rect", estimated: "rectRot", replayed: "crossRot", told: "star"};
const OUTLINES = {  // of the same shapes, for legends
  circle: "M8 3a5 5 0 1 0 .01 0z", triangle: "M8 3l5 9H3z", rect: "M4 4h8v8H4z", rectRot: "M8 2.5l5.5 5.5L8 13.5 2.5 8z",
  crossRot: "M4 4l8 8M12 4l-8 8", star: "M8 3v10M3.5 5.5l9 5M12.5 5.5l-9 5",
};

function shapeIcon(shape, colour) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["width", 14], ["height", 14], ["viewBox", "0 0 16 16"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", OUTLINES[shape]);
  path.setAttribute("fill", "none");
  path.setAttribute("stroke", colour);
  path.setAttribute("stroke-width", 1.8);
  svg.append(path);
  return svg;
}

function palette() {
  const style = getComputedStyle(document.documentElement);
  const colours = {};
  for (const name of ["ink", "muted", "line", "faint", "front", "mark", "panel", "paper"]) colours[name] = style.getPropertyValue(`--${name}`).trim();
  return colours;
}

function axis(title, log, colours) {
  const ticks = {color: colours.muted, maxTicksLimit: 8, maxRotation: 0, callback: (value) => tick(value, log)};
  return {type: log ? "logarithmic" : "linear", grace: log ? 0 : "4%", title: {display: true, text: shown(title), color: colours.ink}, ticks,
          grid: {color: colours.line, borderColor: colours.faint, tickLength: 4}};
}

/** Of a logarithmic axis only 1, 2 and 5 are named. */
function tick(value, log) {
  const digit = Number(value.toExponential().split("e")[0]);
  return log && ![1, 2, 5].includes(Number(digit.toFixed(6))) ? "" : number(value);
}

class Scatter {
  constructor(page) {
    this.page = page;
    this.chart = null;
    this.frame = null;  // while it is dragged: [x0, y0, x1, y1] in pixels
    this.listen(byId("scatter"));
  }

  /** The two columns, by what the select boxes say. */
  columns() {
    const study = this.page.study;
    return {x: study.column(byId("x").value), y: study.column(byId("y").value)};
  }

  draw() {
    const {x, y} = this.columns();
    const colours = palette();
    const scales = {x: axis(this.page.study.title(x), this.log("x", x), colours), y: axis(this.page.study.title(y), this.log("y", y), colours)};
    const datasets = this.datasets(x, y, colours);
    const missing = this.missing(x, y);
    byId("scatter-note").textContent = missing === 0 ? "" : `${missing} of the points are not drawn: their values are off the scale (beyond \u00b1${number(this.page.study.data.largest)}).`;
    if (this.chart) {
      Object.assign(this.chart.options, {scales});
      this.chart.data.datasets = datasets;
      this.chart.update("none");
      return;
    }
    const plugin = {id: "marks", afterDatasetsDraw: (chart) => this.drawMarks(chart)};
    const tooltip = {callbacks: {title: () => "", label: (item) => this.hover(item.raw.row)}, displayColors: false, filter: (item) => item.raw.row !== undefined};
    this.chart = new Chart(byId("scatter").querySelector("canvas"), {
      type: "scatter", data: {datasets}, plugins: [plugin],
      // The library parses the data: what is given as parsed is taken to be sorted, and the axis from its first and last point.
      options: {animation: false, responsive: true, maintainAspectRatio: false, scales,
                interaction: {mode: "nearest", intersect: true}, plugins: {legend: {display: false}, tooltip}},
    });
  }

  /** Whether an axis is logarithmic: where all its values can be. */
  log(name, column) {
    return byId(`${name}-log`).checked && this.page.study.spread(column).low > 0 && this.page.beside.on(column, column).every(({points}) => points.every((at) => at.x > 0));
  }

  /** Whether a place can be drawn. */
  fits(at) {
    const {study} = this.page;
    return study.onScale(at.x) && study.onScale(at.y);
  }

  /** How many trials have both values, and lie off the scale. */
  missing(x, y) {
    let missing = 0;
    for (let row = 0; row < this.page.study.rows; row++) {
      const at = {x: x.data[row], y: y.data[row]};
      if (at.x !== null && at.y !== null && !this.fits(at)) missing++;
    }
    return missing;
  }

  /** The line along the front, the front, the other trials by class, and what is not selected. */
  datasets(x, y, colours) {
    const {study, inside} = this.page;
    const groups = new Map();
    for (let row = 0; row < study.rows; row++) {
      const at = {x: x.data[row], y: y.data[row], row};
      if (!this.fits(at)) continue;
      const shape = SHAPES[study.label("class:class of joules", row)] || "circle";
      const role = !inside[row] ? "dim" : study.front.has(row) ? "front" : "other";
      const key = `${role} ${shape}`;
      if (!groups.has(key)) groups.set(key, {role, shape, data: []});
      groups.get(key).data.push(at);
    }
    const many = study.rows > 2000;
    const looks = {
      front: {order: 1, pointRadius: 6, borderColor: colours.front, backgroundColor: colours.front, pointBorderWidth: 1.5},
      other: {order: 3, pointRadius: many ? 2.5 : 4, borderColor: colours.muted, backgroundColor: "transparent", pointBorderWidth: many ? .8 : 1.2},
      dim: {order: 4, pointRadius: 2, borderColor: colours.line, backgroundColor: colours.line, pointBorderWidth: .5},
    };
    const datasets = [...groups.values()].map(({role, shape, data}) => ({data, pointStyle: shape, pointHitRadius: role === "dim" ? 0 : 6, pointHoverRadius: 8, ...looks[role]}));
    const line = study.data.front.map(({row}) => ({x: x.data[row], y: y.data[row]})).filter((at) => this.fits(at));
    if (this.spansFront(x, y)) {
      datasets.push({type: "line", data: line, order: 2, borderColor: colours.front, borderWidth: 1, borderDash: [4, 3], pointRadius: 0, pointHitRadius: 0});
    }
    return [...datasets, ...this.page.beside.datasets(x, y, colours, (at) => this.fits(at))];
  }

  /** Whether the axes are the two objectives, so that neighbours on the front have a price. */
  spansFront(x, y) {
    const {objectives} = this.page.study;
    return objectives.length === 2 && x !== y && objectives.includes(x) && objectives.includes(y);
  }

  hover(row) {
    const {study} = this.page;
    const {x, y} = this.columns();
    const lines = [`trial ${study.name(row)}`, `${study.title(x)}: ${study.text(x, row)}`, `${study.title(y)}: ${study.text(y, row)}`];
    const active = study.parameters.filter((column) => column.data[row] !== null);
    for (const column of active.slice(0, 10)) lines.push(`${column.name}: ${study.text(column, row)}`);
    if (active.length > 10) lines.push(`and ${active.length - 10} more: click`);
    return lines.map(shown);
  }

  drawMarks(chart) {
    const {study, inside, chosen} = this.page;
    const {x, y} = this.columns();
    const colours = palette();
    const context = chart.ctx;
    const place = (row) => [chart.scales.x.getPixelForValue(x.data[row]), chart.scales.y.getPixelForValue(y.data[row])];
    const visible = (row) => this.fits({x: x.data[row], y: y.data[row]});
    context.save();
    if (this.spansFront(x, y)) this.drawPrices(chart, place, colours);  // under the letters
    context.font = "600 12px system-ui, sans-serif";
    for (const [row, point] of study.front) {
      if (!visible(row)) continue;
      if (inside[row]) this.drawErrors(chart, row, x, y, colours);
      const [px, py] = place(row);
      const text = [study.marks.get(row), point.knee ? "knee" : null].filter(Boolean).join(" ");
      if (!text) continue;
      ring(context, px, py, 10, colours.mark, 2);
      halo(context, text, px + 13, py - 9, colours.mark, colours.paper);
    }
    this.page.beside.drawLabels(chart, x, y, colours, (at) => this.fits(at));
    if (chosen !== null && visible(chosen)) {
      if (!study.front.has(chosen)) this.drawErrors(chart, chosen, x, y, colours);
      ring(context, ...place(chosen), 13, colours.ink, 2);
    }
    if (this.frame) {
      const [x0, y0, x1, y1] = this.frame;
      context.strokeStyle = colours.ink;
      context.setLineDash([4, 3]);
      context.strokeRect(Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0));
    }
    context.restore();
  }

  /** Bars: what the meter alone leaves open (solid), and the replicates' mean and standard deviation (dashed, ringed). */
  drawErrors(chart, row, x, y, colours) {
    const {study} = this.page;
    const context = chart.ctx;
    context.strokeStyle = colours.muted;
    context.lineWidth = 1;
    const at = {x: x.data[row], y: y.data[row]};
    const bar = (name, centre, half) => {
      if (half === null || half === undefined) return;
      const scale = chart.scales[name], other = name === "x" ? "y" : "x";
      const inside = (value) => Math.min(scale.max, Math.max(scale.min, value));
      const above = half >= centre[name] ? 0 : half;  // a bound is the upper end itself
      const ends = [-half, above].map((d) => scale.getPixelForValue(inside(centre[name] + d)));
      strokeBar(context, name === "x", ends, chart.scales[other].getPixelForValue(centre[other]));
    };
    bar("x", at, x.half?.[row]);
    bar("y", at, y.half?.[row]);
    const again = {x: study.confirmed(row, x), y: study.confirmed(row, y)};
    if (!again.x || !again.y) return;
    const mean = {x: again.x.mean, y: again.y.mean};
    if (!this.fits(mean)) return;
    context.setLineDash([3, 2]);
    bar("x", mean, again.x.deviation);
    bar("y", mean, again.y.deviation);
    context.setLineDash([]);
    ring(context, chart.scales.x.getPixelForValue(mean.x), chart.scales.y.getPixelForValue(mean.y), 4, colours.muted, 1.2);
  }

  /** The price of each step along the front, where there is room to read it. */
  drawPrices(chart, place, colours) {
    const {study} = this.page;
    const front = study.data.front;
    if (front.length > 25) return;
    chart.ctx.font = "11px system-ui, sans-serif";
    for (let i = 1; i < front.length; i++) {
      const [x0, y0] = place(front[i - 1].row), [x1, y1] = place(front[i].row);
      if (front[i].price === null || !Number.isFinite(x0 + y0 + x1 + y1) || Math.hypot(x1 - x0, y1 - y0) < 70) continue;
      const text = this.page.price(front[i].price);
      const left = Math.min((x0 + x1) / 2 + 8, chart.chartArea.right - chart.ctx.measureText(text).width);
      halo(chart.ctx, text, left, (y0 + y1) / 2 - 6, colours.muted, colours.paper);
    }
  }

  listen(box) {
    const canvas = box.querySelector("canvas");
    const at = (event) => { const r = canvas.getBoundingClientRect(); return [event.clientX - r.left, event.clientY - r.top]; };
    let start = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      start = at(event);
      if (event.pointerType !== "touch") canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!start || event.pointerType === "touch") return;
      const [x, y] = at(event);
      if (!this.frame && Math.hypot(x - start[0], y - start[1]) < 6) return;
      this.frame = [...start, x, y];
      this.chart.draw();
    });
    const end = (event) => {
      if (!start) return;
      const frame = this.frame;
      this.frame = start = null;
      if (frame) this.select(frame);
      else if (event.type === "pointerup") this.pick(event);
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    box.addEventListener("keydown", (event) => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
      if (step) this.page.walk(step);
      else if (event.key === "Escape") this.page.choose(null);
      else return;
      event.preventDefault();
    });
  }

  select([x0, y0, x1, y1]) {
    const {x, y} = this.columns();
    const range = (name, a, b) => [a, b].map((pixel) => this.chart.scales[name].getValueForPixel(pixel)).sort((p, q) => p - q);
    this.page.selection.ranges.set(x.key, range("x", x0, x1));
    this.page.selection.ranges.set(y.key, range("y", y0, y1));
    this.page.refilter();
  }

  pick(event) {
    const found = this.chart.getElementsAtEventForMode(event, "nearest", {intersect: true}, false)
        .map(({datasetIndex, index}) => this.chart.data.datasets[datasetIndex].data[index].row).filter((row) => row !== undefined);
    this.page.choose(found.length > 0 ? found[0] : null);
  }
}

function ring(context, x, y, radius, colour, width) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke();
}

/** Text beside a place: on its other side where it would leave the canvas. */
function halo(context, text, x, y, colour, paper) {
  const {clientWidth} = context.canvas;
  const width = context.measureText(text).width;
  if (context.textAlign !== "center" && x + width > clientWidth - 2) x = Math.max(2, x - width - 20);
  y = Math.max(y, 12);
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.strokeStyle = paper;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

function strokeBar(context, lying, [from, to], across) {
  const line = (a, b, c, d) => (lying ? (context.moveTo(a, b), context.lineTo(c, d)) : (context.moveTo(b, a), context.lineTo(d, c)));
  context.beginPath();
  line(from, across, to, across);
  for (const end of [from, to]) line(end, across - 4, end, across + 4);
  context.stroke();
}

/** The two curves of hypervolume: of the study, and, for two objectives, of what is selected. */
class Courses {
  constructor(page) {
    this.page = page;
    this.charts = {};
  }

  draw() {
    const {study} = this.page;
    const {course} = study.data;
    byId("joules-figure").hidden = course.joules === null;
    const selected = this.page.selection.empty ? null : this.ofSelection();
    this.line("by-trials", "finished trials", course.finished, course.volume, course.trials, selected?.map(({finished, volume}) => ({x: finished, y: volume})));
    if (course.joules !== null) {
      this.line("by-joules", "joules [J]", course.joules, course.volume, null, selected?.map(({until, volume}) => ({x: until, y: volume})));
    }
    const reference = course.reference_point.map((value, k) => `${study.objectives[k].name} ${number(value)}`).join(", ");
    byId("course-note").textContent = shown(course.volume.length === 0 ? "No trial is complete and feasible yet." :
        `Hypervolume is what the front dominates, up to ${reference}; the faster it rises, the better the search was spent.` +
        (course.estimated ? " Of so many objectives and trials the curve is estimated by sampling; its end is exact." : "") +
        (selected ? " Dashed: of the selected trials alone." : ""));
  }

  line(id, title, x, volume, end, selected) {
    const colours = palette();
    const points = [{x: 0, y: 0}, ...x.map((at, i) => ({x: at, y: volume[i]}))];
    if (end) points.push({x: end, y: points.at(-1).y});
    const look = {stepped: true, pointRadius: 0, pointHitRadius: 4, borderWidth: 2};
    const datasets = [{data: points, borderColor: colours.front, ...look}];
    if (selected) datasets.push({data: selected, borderColor: colours.mark, borderDash: [5, 3], ...look});
    const options = {animation: false, responsive: true, maintainAspectRatio: false,
                     scales: {x: axis(title, false, colours), y: axis("hypervolume", false, colours)}, interaction: {mode: "nearest", axis: "x", intersect: false},
                     plugins: {legend: {display: false}, tooltip: {displayColors: false, callbacks: {title: () => "", label: (item) => `${number(item.parsed.y)} at ${number(item.parsed.x)}`}}}};
    options.scales.x.min = 0;
    options.scales.y.min = 0;
    const box = byId(id);
    box.setAttribute("aria-label", `rises to ${number(points.at(-1).y)} at ${number(points.at(-1).x)} ${title}`);
    if (this.charts[id]) {
      Object.assign(this.charts[id], {options});
      this.charts[id].data.datasets = datasets;
      this.charts[id].update("none");
    } else {
      this.charts[id] = new Chart(box.querySelector("canvas"), {type: "line", data: {datasets}, options});
    }
  }

  /** For two objectives: the staircase grows trial by trial, in the order in which they finished. */
  ofSelection() {
    const {study, inside} = this.page;
    const {objectives} = study;
    if (objectives.length !== 2 || study.column("step:step") || study.data.hypervolume === null) return null;
    const sign = objectives.map((objective) => (objective.maximize ? -1 : 1));
    const reference = study.data.course.reference_point.map((value, k) => sign[k] * value);
    const finished = study.column("finished:finished").data, until = study.column("until:joules until then").data;
    const rows = [];
    for (let row = 0; row < study.rows; row++) {
      const onScale = objectives.every((objective) => study.onScale(objective.data[row]));
      if (inside[row] && onScale && finished[row] !== null && ["front", "dominated"].includes(study.label("place:result", row))) rows.push(row);
    }
    rows.sort((a, b) => finished[a] - finished[b]);
    const stairs = [], course = [];  // stairs: [x, y], x rising and y falling
    let volume = 0;
    for (const row of rows) {
      const gain = addToStairs(stairs, objectives.map((objective, k) => sign[k] * objective.data[row]), reference);
      if (gain > 0) course.push({finished: finished[row], until: until[row], volume: volume += gain});
    }
    return course;
  }
}

/** Adds a point to a staircase of non-dominated points, both minimised; gives what it gains. */
function addToStairs(stairs, [x, y], [rx, ry]) {
  if (x >= rx || y >= ry) return 0;
  let i = stairs.findIndex((step) => step[0] >= x);
  if (i < 0) i = stairs.length;
  const above = i > 0 ? stairs[i - 1][1] : ry;
  if (above <= y || (i < stairs.length && stairs[i][0] === x && stairs[i][1] <= y)) return 0;
  let gain = 0, left = x, top = above, end = i;
  for (; end < stairs.length && stairs[end][1] >= y; end++) {
    gain += (stairs[end][0] - left) * (top - y);
    [left, top] = stairs[end];
  }
  gain += ((end < stairs.length ? stairs[end][0] : rx) - left) * (top - y);
  stairs.splice(i, end - i, [x, y]);
  return gain;
}
