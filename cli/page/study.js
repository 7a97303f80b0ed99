// The study as the page sees it: columns, what is selected of them, and figures for people.

// Characters that would control the text, or turn it around.
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Text of foreign origin, fit to be shown. */
const shown = (text) => String(text).replace(UNFIT, "?");

/** JSON that reads back the same, fit to be shown. */
const exactJson = (value) => JSON.stringify(value).replace(UNFIT, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** A new element. Text only ever becomes a text node, so no name can become markup. */
function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "onclick") node.addEventListener("click", value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, shown(value === true ? "" : value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined) node.append(child instanceof Node ? child : shown(child));
  }
  return node;
}

const byId = (id) => document.getElementById(id);
const fill = (node, ...children) => (node.replaceChildren(...children.filter((child) => child !== null)), node);

/** Up to four significant digits; whole numbers as they are. */
function number(value, digits = 4) {
  if (value === null || value === undefined) return "";
  if (Number.isInteger(value) && Math.abs(value) < 1e7) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return value.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  return String(Number(value.toPrecision(digits)));
}

const JOULES = [["GJ", 1e9], ["MJ", 1e6], ["kJ", 1e3], ["J", 1], ["mJ", 1e-3], ["uJ", 1e-6]];
function joules(value) {
  if (value === null || value === undefined) return "?";
  const [unit, factor] = JOULES.find(([, f]) => Math.abs(value) >= 0.9995 * f) || JOULES.at(value === 0 ? 3 : -1);
  return `${number(value / factor, 3)} ${unit}`;
}

function duration(seconds) {
  if (seconds < 60) return `${number(seconds, 3)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const percent = (share) => `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;

class Study {
  constructor(data) {
    this.data = data;
    this.columns = data.columns;
    this.byKey = new Map(data.columns.map((column) => [column.key, column]));
    this.rows = this.column("trial:trial").data.length;
    this.objectives = this.ofKind("objective");
    this.parameters = this.ofKind("parameter");
    this.front = new Map(data.front.map((point, index) => [point.row, {...point, index}]));
    this.marks = new Map();  // row -> letters of the wishes that it is recommended for
    data.wishes.forEach((wish, i) => {
      const row = data.front[wish.point].row;
      this.marks.set(row, (this.marks.get(row) || "") + "ABC"[i]);
    });
  }

  column(key) { return this.byKey.get(key); }
  ofKind(kind) { return this.columns.filter((column) => column.kind === kind); }
  cost() { return this.objectives[this.data.cost]; }

  /** "54", or "54 at step 3" for a report of an anytime training. */
  name(row) {
    const step = this.column("step:step")?.data[row];
    return this.column("trial:trial").data[row] + (step === null || step === undefined ? "" : ` at step ${step}`);
  }
  /** What a cell says: a label, a number, or "" where there is nothing. */
  text(column, row, digits = 4) {
    const value = column.data[row];
    if (value === null) return "";
    return column.labels ? String(column.labels[value]) : number(value, digits);
  }
  label(key, row) {
    const column = this.column(key);
    const value = column.data[row];
    return value === null ? null : column.labels[value];
  }
  title(column) {
    const unit = column.unit ? ` [${column.unit}]` : "";
    const name = column.kind !== "phase" ? column.name : column.name === "total" ? "whole attempt" : `phase ${column.name}`;
    return name + unit;
  }
  /** Whether a value can be shown beside others: not the largest float that stands for a failure. */
  onScale(value) { return value !== null && Math.abs(value) <= this.data.largest; }

  /** Whether an axis of it is better logarithmic: a wide span of positive numbers. Without any value on the scale, 0 to 1. */
  spread(column) {
    let low = Infinity, high = -Infinity;
    for (const value of column.data) {
      if (!this.onScale(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const any = low <= high;
    if (!any) [low, high] = [0, 1];
    const log = column.log !== undefined ? column.log : low > 0 && high / low >= 30;
    return {low, high, log: log && low > 0, any};
  }
  /** Where confirmations put a point of the front: mean and standard deviation of its replicates. */
  confirmed(row, column) {
    const again = this.front.get(row)?.confirmation;
    const k = this.objectives.indexOf(column);
    return again && k >= 0 ? {mean: again.mean[k], deviation: again.deviation[k]} : null;
  }
}

/** What is selected: ranges of columns, and a text that is sought. All must hold. */
class Selection {
  constructor() { this.ranges = new Map(); this.text = ""; }
  get empty() { return this.ranges.size === 0 && this.text === ""; }
  clear() { this.ranges.clear(); this.text = ""; }

  /** Of each row, whether it is selected. */
  of(study) {
    const inside = new Uint8Array(study.rows).fill(1);
    for (const [key, [low, high]] of this.ranges) {
      const data = study.column(key)?.data;
      if (!data) continue;
      for (let row = 0; row < study.rows; row++) {
        if (data[row] === null || data[row] < low || data[row] > high) inside[row] = 0;
      }
    }
    const words = this.text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length > 0) {
      const texts = study.columns.filter((column) => column.labels || column.kind === "trial");
      for (let row = 0; row < study.rows; row++) {
        if (!inside[row]) continue;
        const line = texts.map((column) => study.text(column, row)).join(" ").toLowerCase();
        if (!words.every((word) => line.includes(word))) inside[row] = 0;
      }
    }
    return inside;
  }
}
