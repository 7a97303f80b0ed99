// The page: reads its data, and keeps all views of it in step.

// In pixels; report.css has the heights too.
const PAPER = {width: 700, tall: 320, low: 190};

class Page {
  constructor(data, beside = new Beside()) {
    this.beside = beside;
    this.selection = new Selection();
    this.chosen = null;  // row
    this.scatter = new Scatter(this);
    this.courses = new Courses(this);
    this.parallel = new Parallel(this);
    this.table = new TrialsTable(this);
    this.listen();
    this.show(data);
  }

  /** Takes in data, at first or anew; what was selected and chosen stays. */
  show(data) {
    const before = this.study;
    const name = before && this.chosen !== null ? before.name(this.chosen) : null;
    this.study = new Study(data);
    this.chosen = null;
    for (let row = 0; name !== null && row < this.study.rows; row++) if (this.study.name(row) === name) this.chosen = row;
    if (!before || before.data.study !== data.study) this.offerColumns();
    this.describe();
    this.applySelection();
  }

  /** What does not depend on the selection. */
  describe() {
    const {data} = this.study;
    document.title = shown(`${data.study}: joulefront`);
    fill(byId("title"), make("bdi", {}, data.study));
    if (!data.live) byId("standing").textContent = data.open ? "The study was open when this was written: it may have gone on." : "The study is closed.";
    this.explainFailures();
    fill(byId("summary"), make("p", {}, data.summary.join(" ")));
    const letters = "ABC";
    fill(byId("wishes"), ...data.wishes.map(({wish, point, why}, i) => {
      const {row, values} = data.front[point];
      const figures = this.study.objectives.map((objective, k) => `${objective.name} ${number(values[k])}${objective.unit ? `\u00a0${objective.unit}` : ""}`).join(", ");
      return make("button", {type: "button", class: "wish", onclick: () => this.choose(row)},
                  make("span", {class: "title"}, make("span", {class: "letter"}, letters[i]), wish.charAt(0).toUpperCase() + wish.slice(1)), make("span", {class: "figures"}, `trial ${this.study.name(row)}: ${figures}`),
                  make("span", {class: "why"}, why));
    }));
    this.explainFront();
    originsTable(this);
    if (!this.study.data.failures) importanceLists(this);
    byId("table-note").textContent = data.sample === null ? "" :
        `Shown are ${data.sample} of ${data.trials} trials: the front, the newest, and an even sample of the rest. Joules, hypervolume and the words above are of all.`;
    this.legend();
  }

  legend() {
    const colours = palette();
    const classes = this.study.column("class:class of joules").labels;
    const entries = classes.map((name) => make("span", {}, shapeIcon(SHAPES[name] || "circle", colours.ink), `joules ${name}`));
    if (classes.length === 0) entries.push(make("span", {}, shapeIcon("circle", colours.ink), "a trial"));
    entries.push(make("span", {}, "blue, larger: on the front"));
    if (this.study.marks.size > 0) entries.push(make("span", {}, "A, B, C: recommended above"));
    if (this.study.objectives.some((objective) => objective.half)) entries.push(make("span", {}, "bars: what the meter leaves open, 95 %"));
    if (this.study.data.front.some((point) => point.confirmation)) entries.push(make("span", {}, "dashed, ringed: trained again, mean and standard deviation"));
    fill(byId("legend"), ...entries);
  }

  /** Where no trial is complete: why, instead of axes without a point. */
  explainFailures() {
    const {failures} = this.study.data;
    byId("failures").hidden = failures === null;
    for (const id of ["front", "progress", "together", "importance"]) byId(id).hidden = failures !== null;
    fill(byId("failures"), ...(failures || []).flatMap(({class: of, trials, trial, message, lines}, i) => [
      make("h2", {}, i === 0 ? `No trial is complete: ${trials} failed, ${of}` : `${trials} more failed, ${of}`),
      make("p", {}, `The last of them, trial ${trial}: ${message}`),
      lines.length > 0 ? make("pre", {}, lines.join("\n")) : null]));
  }

  explainFront() {
    const {front, left_out: leftOut, key} = this.study.data;
    const notes = [];
    if (front.length === 0) notes.push("No trial is complete and feasible yet.");
    if (key) notes.push(`Its joules are ${key}.`);
    for (const {key: other, trials} of leftOut) notes.push(`${trials} trials are left out, since their joules are ${other}, which cannot be compared.`);
    if (this.study.objectives.some((objective) => objective.half)) {
      notes.push("\u00b1 is the meter's part alone, 95 %: how much training again varies is not in it" +
                 (front.some((point) => point.confirmation) ? "; for points trained again, see there." : ". joulefront confirm trains the front again and shows that."));
    }
    if (front.some((point) => point.refuted)) notes.push("Refuted: trained again (joulefront confirm), it did not hold. Such points are no knee, are not recommended and have no price.");
    const {off_scale: offScale, largest} = this.study.data;
    if (offScale > 0) notes.push(`${offScale} trials have a value beyond \u00b1${number(largest)}: off the scale, in neither the reference point nor the hypervolume, and no choice.`);
    if (front.some((point) => point.partial)) notes.push("Where the meter saw only a part (>), more joules were used than is shown: such points are no knee and have no price.");
    for (const text of this.study.data.crowded) notes.push(`${text}.`);
    fill(byId("front-notes"), ...notes.map((note) => make("p", {}, note)));
  }

  /** What may be an axis or a range: objectives, then everything else that is a number. */
  offerColumns() {
    const {study} = this;
    const numbers = study.columns.filter((column) => !column.labels && column.kind !== "until" && column.kind !== "step");
    numbers.sort((a, b) => (b.kind === "objective") - (a.kind === "objective"));
    const options = () => numbers.map((column) => make("option", {value: column.key}, study.title(column)));
    for (const id of ["x", "y", "range-column"]) fill(byId(id), ...options());
    const cost = study.cost();
    byId("x").value = cost.key;
    byId("y").value = (study.objectives.find((objective) => objective !== cost) || study.column("trial:trial")).key;
    for (const id of ["x", "y"]) this.proposeLog(id);
  }

  proposeLog(id) {
    const {low, log} = this.study.spread(this.study.column(byId(id).value));
    byId(`${id}-log`).checked = log;
    byId(`${id}-log`).disabled = !(low > 0);
  }

  /** A hundredth where the objective that is gained is a share, else one. */
  priceStep() {
    const k = this.study.data.cost === 0 ? 1 : 0;
    return this.study.data.front.every(({values}) => Math.abs(values[k]) <= 1) ? 0.01 : 1;
  }
  priceTitle() {
    const cost = this.study.cost(), other = this.study.objectives.find((objective) => objective !== cost);
    return `${cost.unit || cost.name} per ${this.priceStep()} ${other.name}`;
  }
  price(price) {
    const cost = this.study.cost(), step = this.priceStep();
    return `${cost.unit === "J" ? joules(price * step) : number(price * step, 3)} per ${step}`;
  }

  /** After the selection was changed. */
  refilter() {
    this.table.first = 0;
    this.applySelection();
  }

  applySelection() {
    const {study, selection} = this;
    this.inside = selection.of(study);
    const count = this.inside.reduce((sum, one) => sum + one, 0);
    byId("count").textContent = `${count} of ${study.rows} ${study.column("step:step") ? "trials and reports" : "trials"}`;
    byId("clear").hidden = selection.empty;
    const chips = [...selection.ranges].filter(([key]) => study.column(key)).map(([key, [low, high]]) => make("button", {
      type: "button", class: "chip", "aria-label": `Drop the range of ${study.column(key).name}`,
      onclick: () => { selection.ranges.delete(key); this.refilter(); }}, `${this.rangeText(study.column(key), low, high)} \u00d7`));
    if (selection.text) chips.push(make("span", {}, `with "${selection.text}"`));
    fill(byId("chips"), ...chips);
    this.draw();
  }

  rangeText(column, low, high) {
    if (column.labels) return `${column.name}: ${column.labels.filter((_, k) => k >= low && k <= high).join(", ")}`;
    return `${column.name} ${Number.isFinite(low) ? number(low, 3) : "..."} to ${Number.isFinite(high) ? number(high, 3) : "..."}`;
  }

  draw() {
    this.scatter.draw();
    this.courses.draw();
    this.parallel.draw();
    energyTables(this);
    this.drawChosen();
  }

  drawChosen() {
    frontTable(this);
    this.table.draw();
    showDetail(this);
  }

  choose(row) {
    this.chosen = row;
    this.scatter.chart.draw();
    this.parallel.draw();
    this.drawChosen();
  }

  /** To the next point of the front. */
  walk(step) {
    const {front} = this.study.data;
    if (front.length === 0) return;
    const now = this.study.front.get(this.chosen)?.index;
    const next = now === undefined ? (step > 0 ? 0 : front.length - 1) : Math.min(front.length - 1, Math.max(0, now + step));
    this.choose(front[next].row);
  }

  listen() {
    for (const id of ["x", "y"]) byId(id).addEventListener("change", () => { this.proposeLog(id); this.scatter.draw(); });
    for (const id of ["x-log", "y-log"]) byId(id).addEventListener("change", () => this.scatter.draw());
    byId("clear").addEventListener("click", () => { this.selection.clear(); byId("find").value = ""; this.refilter(); });
    byId("find").addEventListener("input", () => { this.selection.text = byId("find").value.trim(); this.refilter(); });
    byId("range").addEventListener("submit", (event) => {
      event.preventDefault();
      const end = (id, open) => (byId(id).value === "" ? open : Number(byId(id).value));
      this.selection.ranges.set(byId("range-column").value, [end("range-low", -Infinity), end("range-high", Infinity)]);
      this.refilter();
    });
    window.addEventListener("resize", () => this.parallel.draw());
    const redraw = () => { this.describe(); this.draw(); };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
    window.addEventListener("beforeprint", () => { redraw(); this.resize(PAPER); });
    window.addEventListener("afterprint", () => { redraw(); this.resize(); });
  }

  /** To the size that is given, else to that of their boxes. */
  resize(paper) {
    const {scatter: {chart}, courses: {charts}} = this;
    if (paper) chart.resize(paper.width, paper.tall);
    else chart.resize();
    for (const course of Object.values(charts)) paper ? course.resize(paper.width / 2 - 20, paper.low) : course.resize();
    this.parallel.draw(paper?.width);
  }
}

/** The configuration and figures of the trial that is chosen. */
function showDetail(page) {
  const {study, chosen} = page;
  if (chosen === null) {
    fill(byId("detail"), make("p", {class: "hint"}, "No trial is chosen. Click a point, or press the arrow keys in the plot."));
    return;
  }
  const point = study.front.get(chosen);
  const list = (columns) => make("dl", {}, ...columns.flatMap((column) => [make("dt", {}, study.title(column)), make("dd", {"data-key": column.key}, detailText(study, column, chosen))]));
  const filled = (kind) => study.ofKind(kind).filter((column) => column.data[chosen] !== null);
  const part = (title, columns) => (columns.length > 0 ? [make("h4", {}, title), list(columns)] : []);
  const result = [study.label("place:result", chosen), point?.knee ? "knee" : null, point?.refuted ? "refuted" : null, study.marks.get(chosen)].filter(Boolean).join(", ");
  fill(byId("detail"), make("h3", {}, `Trial ${study.name(chosen)}`), make("p", {class: "hint"}, result),
       list(study.objectives.filter((column) => column.data[chosen] !== null)),
       ...part("Configuration", filled("parameter")), ...part("Also reported", filled("value")),
       ...part("Joules", [...filled("phase"), ...filled("joules"), ...filled("class")]), ...part("Run", [...filled("seconds"), ...filled("proposer"), ...filled("reason"), ...filled("message")]),
       point?.confirmation ? make("p", {}, `Trained again, it ${confirmationText(study, point)}.`) : null,
       point ? make("details", {}, make("summary", {}, "The exact configuration"), make("pre", {}, exactJson(point.configuration))) : null);
}

function detailText(study, column, row) {
  const k = study.objectives.indexOf(column), point = study.front.get(row);
  if (k >= 0 && point) return `${point.partial && column.phase ? "> " : ""}${number(point.values[k], 6)}`;
  return study.text(column, row, 6);
}

const given = JSON.parse(byId("data").textContent);
if (given.live) window.live = new Live(given);
else window.page = new Page(given);
