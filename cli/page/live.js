// The dashboard: the page kept up to date by the events of a server, and fronts of other studies beside.

/** Fronts of other studies, by name, as far as they have the axes' objectives. */
class Beside {
  constructor() { this.fronts = new Map(); }

  /** {name, points} of each study that can be drawn on these axes. */
  on(x, y) {
    const lines = [];
    for (const [name, {objectives, front}] of this.fronts) {
      const [i, j] = [x, y].map((column) => objectives.findIndex((objective) => objective.name === column.name && column.kind === "objective"));
      if (i >= 0 && j >= 0) lines.push({name, points: front.map(({values}) => ({x: values[i], y: values[j]}))});
    }
    return lines;
  }

  datasets(x, y, colours, fits) {
    return this.on(x, y).map(({points}) => ({type: "line", data: points.filter(fits), order: 2, showLine: true, borderColor: colours.ink, borderWidth: 1, borderDash: [1, 3],
                                             pointStyle: "rectRounded", pointRadius: 5, pointBorderWidth: 1.5, pointHitRadius: 0, backgroundColor: colours.paper}));
  }

  drawLabels(chart, x, y, colours, fits) {
    for (const {name, points: all} of this.on(x, y)) {
      const points = all.filter(fits);
      if (points.length === 0) continue;
      const {x: left, y: top} = points[Math.floor(points.length / 4)];
      halo(chart.ctx, shown(name), chart.scales.x.getPixelForValue(left) + 9, chart.scales.y.getPixelForValue(top) - 9, colours.ink, colours.paper);
    }
  }

  /** The studies in a table, this one first. */
  table(study) {
    byId("beside").hidden = this.fronts.size === 0;
    if (this.fronts.size === 0) return;
    const {data} = study;
    const own = {study: data.study, trials: data.trials, states: data.states, joules: data.energy.joules, class: data.energy.class, key: data.key, objectives: study.objectives, front: data.front};
    const all = [own, ...this.fronts.values()];
    const names = study.objectives;
    const columns = [{title: "study", text: true}, ...["trials", "joules", "on the front"].map((title) => ({title})), ...names.map((objective) => ({title: `best ${study.title(objective)}`}))];
    const best = (one, name) => {
      const k = one.objectives.findIndex((objective) => objective.name === name);
      if (k < 0 || one.front.length === 0) return null;
      const values = one.front.map(({values: of}) => of[k]);
      return one.objectives[k].maximize ? Math.max(...values) : Math.min(...values);
    };
    fill(byId("beside-table"), head(columns), make("tbody", {}, ...all.map((one) => make("tr", {}, make("td", {class: "text"}, one.study), numberCell(one.trials),
        numberCell(one.joules, one.joules === null ? "" : `${joules(one.joules)} (${one.class})`), numberCell(one.front.length), ...names.map(({name}) => numberCell(best(one, name)))))));
    const other = all.filter((one) => one.key !== own.key);
    byId("beside-note").textContent = shown(other.length === 0 ? "" :
        `The joules of ${other.map((one) => one.study).join(", ")} come from another meter or machine than those of ${own.study}: they cannot be compared.`);
  }
}

class Live {
  constructor({study, beside}) {
    this.study = study;
    this.names = [];
    this.wanted = new Set(beside.filter((name) => name !== study));
    this.beside = new Beside();
    byId("kind").textContent = "dashboard";
    byId("title").textContent = shown(study || "No study yet");
    document.querySelector("main").hidden = true;
    this.connect();
  }

  address(path) {
    const query = new URLSearchParams();
    if (this.study) query.append("study", this.study);
    for (const name of this.wanted) query.append("beside", name);
    return `${path}?${query}`;
  }

  connect() {
    clearTimeout(this.again);
    this.source?.close();
    this.source = new EventSource(this.address("events"));
    this.source.onopen = () => this.say("");
    this.source.onerror = () => {
      this.say(`The connection is lost since ${new Date().toLocaleTimeString()}: this is how things stood then. Trying again ...`);
      // A browser goes on trying by itself, but not after an answer that refuses.
      if (this.source.readyState === EventSource.CLOSED) this.again = setTimeout(() => this.connect(), 3000);
    };
    const on = (event, take) => this.source.addEventListener(event, ({data}) => take(JSON.parse(data)));
    on("studies", (names) => this.offer(names));
    on("trouble", (message) => this.say(message));
    on("standing", (standing) => this.tell(standing));
    on("report", (data) => this.show({...data, live: true}));
    on("front", (front) => {
      this.beside.fronts.set(front.study, front);
      this.redraw();
    });
  }

  /** What is wrong; "" if nothing is. */
  say(message) {
    byId("connection").textContent = shown(message);
  }

  tell({open, trials, states, elapsed_s: elapsed, joules: spent, class: of}) {
    const counts = Object.entries(states).map(([state, count]) => `${count} ${state}`).join(", ");
    const parts = [open ? "Open" : "Closed", `${trials} trials${counts ? `: ${counts}` : ""}`, spent === null ? null : `${joules(spent)} (${of})`, `${duration(elapsed)} of running`];
    byId("standing").textContent = shown(parts.filter(Boolean).join("; "));
  }

  show(data) {
    document.querySelector("main").hidden = false;
    if (window.page) window.page.show(data);
    else window.page = new Page(data, this.beside);
    this.beside.table(window.page.study);
  }

  redraw() {
    if (!window.page) return;
    window.page.scatter.draw();
    this.beside.table(window.page.study);
  }

  /** The other studies of the store: to go to, and to see beside this one. */
  offer(names) {
    if (!this.study && names.length > 0) location.reload();
    // A stream is of the studies that were there when it was opened.
    const lost = this.study && !names.includes(this.study);
    if (this.lost && !lost) this.connect();
    if (lost) byId("standing").textContent = shown(`The store holds no study '${this.study}' now: this is how it stood.`);
    this.lost = lost;
    this.names = names;
    const nav = byId("studies");
    nav.hidden = names.length < 2;
    fill(nav, ...names.map((name) => {
      if (name === this.study) return make("span", {class: "here"}, name);
      const box = make("input", {type: "checkbox"});
      box.checked = this.wanted.has(name);
      box.addEventListener("change", () => this.put(name, box.checked));
      return make("span", {}, make("a", {href: `/?study=${encodeURIComponent(name)}`}, name), " ", make("label", {}, box, " beside"));
    }));
  }

  put(name, beside) {
    if (beside) this.wanted.add(name);
    else this.wanted.delete(name);
    this.beside.fronts.delete(name);
    history.replaceState(null, "", this.address("/"));
    this.redraw();
    this.connect();
  }
}
