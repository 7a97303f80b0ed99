// Tables: the front, the joules, importance, and all trials.

const EACH_PAGE = 25;

function head(columns) {
  return make("thead", {}, make("tr", {}, ...columns.map((column) => make("th", {scope: "col", class: column.text ? "text" : null}, column.title))));
}

function numberCell(value, shownAs = number(value)) {
  return make("td", {"data-value": value}, shownAs);
}

function classIcon(name) {
  return shapeIcon(SHAPES[name] || "circle", palette().ink);
}

function frontTable(page) {
  const {study} = page;
  const again = study.data.front.some((point) => point.confirmation);
  const priced = study.objectives.length === 2 && study.data.front.length > 1;
  const columns = [{title: "trial", text: true}, {title: "", text: true}, ...study.objectives.map((objective) => ({title: study.title(objective)}))];
  if (priced) columns.push({title: page.priceTitle()});
  if (again) columns.push({title: "trained again", text: true});
  const rows = study.data.front.map((point) => {
    const marks = [study.marks.get(point.row), point.knee ? "knee" : null, point.refuted ? "refuted" : null, point.partial ? "partial" : null, point.off_scale ? "off scale" : null].filter(Boolean);
    const cells = study.objectives.map((objective, k) => {
      // Trained again, the spread of that says more.
      const half = point.confirmation ? null : objective.half?.[point.row], value = point.values[k];
      if (half && half >= value) return numberCell(value, `< ${number(value)}`);  // less than the meter resolves
      return numberCell(value, (point.partial && objective.phase ? "> " : "") + number(value) + (half ? ` \u00b1 ${number(half, 2)}` : ""));
    });
    if (priced) cells.push(numberCell(point.price === null ? null : point.price * page.priceStep(), point.price === null ? "" : number(point.price * page.priceStep(), 3)));
    if (again) cells.push(make("td", {class: "text long"}, confirmationText(study, point)));
    return make("tr", {class: point.row === page.chosen ? "chosen" : null},
                make("td", {class: "text"}, chooseButton(page, point.row)), make("td", {class: "text"}, marks.join(", ")), ...cells);
  });
  fill(byId("front-table"), head(columns), make("tbody", {}, ...rows));
}

function confirmationText(study, {confirmation}) {
  if (!confirmation) return "";
  const {mean, deviation, probability, holds, replicates} = confirmation;
  const means = study.objectives.map((objective, k) => `${objective.name} ${number(mean[k])}` + (deviation[k] ? ` \u00b1 ${number(deviation[k], 2)}` : ""));
  const sure = probability === null ? "" : `, on the front with ${percent(probability)}`;
  return `${holds ? "holds" : "falls"}: ${means.join(", ")} (${replicates} times${sure})`;
}

function chooseButton(page, row) {
  return make("button", {type: "button", class: "row", "aria-label": `Trial ${page.study.name(row)}: show its configuration`, onclick: () => page.choose(row)}, page.study.name(row));
}

const FATES = {
  front: "trials on the front", dominated: "complete trials that another beats", infeasible: "trials that break a constraint", pruned: "trials that were stopped early",
  failed: "trials that failed", retried: "attempts that were lost or interrupted", repeated: "confirmations", running: "attempts that run now", search: "the search itself",
};

/** A table of names with a bar each; `selected` adds a column. */
function barTable(table, total, entries, selected) {
  const rows = entries.map(({name, words, value, without}) => make("tr", {},
      make("td", {class: "name"}, words || name, without > 0 ? make("span", {class: "missing"}, ` (${without} without a figure)`) : null),
      numberCell(value, joules(value)), make("td", {}, value === null || !total ? "" : percent(value / total)),
      make("td", {class: "bar"}, value === null || !total ? null : bar(value / total)),
      selected ? numberCell(selected.get(name) ?? null, selected.has(name) ? `selected: ${joules(selected.get(name))}` : "") : null));
  fill(table, make("tbody", {}, ...rows));
}

function bar(share) {
  const line = make("span");
  line.style.width = `${Math.max(0, Math.min(100, 100 * share))}%`;
  return line;
}

function energyTables(page) {
  const {study, inside} = page;
  const {energy} = study.data;
  barTable(byId("by-fate"), energy.joules, energy.by_fate.map(({name, joules: value, without}) => ({name, words: FATES[name], value, without})));
  let selected = null, spent = 0;
  if (!page.selection.empty) {
    selected = new Map(study.ofKind("phase").map((column) => [column.name, sumOf(column, inside)]));
    spent = sumOf(study.column("joules:joules of all attempts"), inside);
  }
  const phases = energy.by_phase.reduce((sum, phase) => sum + (phase.joules || 0), 0);
  barTable(byId("by-phase"), phases, energy.by_phase.map(({name, joules: value, without}) => ({name, value, without})), selected);
  const words = energy.joules === null ? "No joules were metered." : `${joules(energy.joules)} in all (${energy.class}).`;
  byId("energy-words").textContent = shown(words + (selected ? ` The selected trials took ${joules(spent)} in all their attempts.` : ""));
}

function sumOf(column, inside) {
  let sum = 0;
  for (let row = 0; row < inside.length; row++) if (inside[row] && column.data[row] !== null) sum += column.data[row];
  return sum;
}

function originsTable(page) {
  const {origins} = page.study.data.energy;
  const columns = ["class", "source", "inside of it", "divided", "idle power", "machine", "of"].map((title) => ({title, text: true}))
      .concat(["figures", "joules", "shared error", "partial"].map((title) => ({title})));
  const rows = origins.list.map((origin) => make("tr", {}, make("td", {class: "text"}, classIcon(origin.class), origin.class),
      ...["source", "boundary", "attribution", "idle_policy", "host", "of"].map((key) => make("td", {class: "text"}, origin[key])),
      numberCell(origin.attempts), numberCell(origin.joules, joules(origin.joules)),
      make("td", {}, origin.common_uncertainty ? `\u00b1 ${percent(origin.common_uncertainty)}` : ""), numberCell(origin.partial)));
  fill(byId("origins"), head(columns), make("tbody", {}, ...rows));
  const notes = ["Figures of one line may be compared with one another. The shared error is that of all figures of a line together; it moves none against another."];
  if (origins.attempts_without > 0) notes.push(`${origins.attempts_without} attempts left no figure: they took joules that nobody knows.`);
  if (origins.list.some((origin) => origin.partial > 0)) notes.push("Partial: the meter saw only a part of the time, so more was used than is shown.");
  fill(byId("origin-notes"), ...notes.map((note) => make("p", {}, note)));
}

function importanceLists(page) {
  const {importance} = page.study.data;
  byId("importance").hidden = !importance || page.study.parameters.length === 0;
  if (!importance) return;
  const known = importance.objectives.filter((one) => one.share.length > 0);
  byId("importance-note").textContent = known.length === 0 ?
      `Fewer than ${importance.least} trials are evaluated: that says nothing of importance.` :
      `Share of what sets the best tenth of ${importance.trials} trials apart (PED-ANOVA), of all trials, whatever is selected. Grey: no more than chance would do.`;
  fill(byId("importance-lists"), ...known.map((one) => {
    const order = [...one.share.keys()].sort((a, b) => one.share[b] - one.share[a]);
    const rows = order.map((i) => make("tr", {class: one.clear[i] ? null : "unclear"}, make("td", {class: "name"}, page.study.parameters[i].name),
        numberCell(one.share[i], percent(one.share[i])), make("td", {class: "bar"}, bar(one.share[i])),
        make("td", {class: "missing"}, one.clear[i] ? "" : "unclear")));
    return make("div", {}, make("h3", {}, `For ${one.objective}`), one.none ? make("p", {class: "hint"}, `No parameter stands out: ${one.none}.`) : null, make("table", {class: "bars"}, make("tbody", {}, ...rows)));
  }));
}

/** All selected trials, sorted, a page at a time. */
class TrialsTable {
  constructor(page) {
    this.page = page;
    this.order = {key: "trial:trial", rising: true};
    this.first = 0;
    byId("earlier").addEventListener("click", () => this.turn(-EACH_PAGE));
    byId("later").addEventListener("click", () => this.turn(EACH_PAGE));
  }

  columns() {
    const hidden = ["trial", "finished", "until", "reason"];
    return this.page.study.columns.filter((column) => !hidden.includes(column.kind));
  }

  /** Puts the selected rows in order; what is missing comes last. */
  sort() {
    const {study, inside} = this.page;
    const column = study.column(this.order.key) || study.column("trial:trial");
    const key = column.labels ? column.data.map((value) => (value === null ? null : String(column.labels[value]))) : column.data;
    const sign = this.order.rising ? 1 : -1;
    this.rows = [...inside.keys()].filter((row) => inside[row]);
    this.rows.sort((a, b) => {
      if (key[a] === null || key[b] === null) return (key[a] === null) - (key[b] === null) || a - b;
      return key[a] < key[b] ? -sign : key[a] > key[b] ? sign : a - b;
    });
  }

  turn(by) { this.first += by; this.draw(); }

  draw() {
    this.sort();
    this.first = Math.max(0, Math.min(this.first, Math.floor(Math.max(0, this.rows.length - 1) / EACH_PAGE) * EACH_PAGE));
    const {study} = this.page;
    const columns = this.columns();
    const rows = this.rows.slice(this.first, this.first + EACH_PAGE);
    const body = rows.map((row) => make("tr", {class: row === this.page.chosen ? "chosen" : null}, make("td", {}, chooseButton(this.page, row)),
                                        ...columns.map((column) => this.cell(column, row))));
    fill(byId("table"), make("thead", {}, make("tr", {}, this.header(study.column("trial:trial")), ...columns.map((column) => this.header(column)))), make("tbody", {}, ...body));
    const last = Math.min(this.first + EACH_PAGE, this.rows.length);
    byId("range-shown").textContent = this.rows.length === 0 ? "none" : `${this.first + 1} to ${last} of ${this.rows.length}`;
    byId("earlier").disabled = this.first === 0;
    byId("later").disabled = last === this.rows.length;
  }

  header(column) {
    const sorted = this.order.key === column.key ? (this.order.rising ? "ascending" : "descending") : null;
    const sort = () => {
      this.order = {key: column.key, rising: sorted !== "ascending"};
      this.first = 0;
      this.draw();
    };
    return make("th", {scope: "col", "aria-sort": sorted, class: column.labels ? "text" : null, "data-key": column.key},
                make("button", {type: "button", onclick: sort}, this.page.study.title(column)));
  }

  cell(column, row) {
    const {study} = this.page;
    if (!column.labels) return numberCell(column.data[row], study.text(column, row));
    const text = study.text(column, row);
    const long = column.kind === "message" && text !== "";
    return make("td", {class: long ? "text long" : "text"}, column.kind === "class" && text ? classIcon(text) : null, text);
  }
}
