// Parallel coordinates: one line a trial, one axis a parameter or objective.
class Parallel {
  constructor(page) {
    this.page = page;
    this.canvas = byId("parallel");
    this.drag = null;  // {axis, from, to} in pixels
    this.listen();
  }

  /** Parameters that vary, in their order, then the objectives. */
  axes() {
    const {study} = this.page;
    return [...study.parameters, ...study.objectives].map((column) => {
      const {low, high, log, any} = study.spread(column);
      return {column, low, high, log, any};
    }).filter(({low, high, column, any}) => (any && high > low) || column.kind === "objective");
  }

  /** Sets the canvas to its size and draws all of it. */
  draw(width = this.canvas.parentElement.clientWidth) {
    const axes = this.axes();
    const size = {width: Math.max(width, axes.length * 92), height: 330};
    const ratio = window.devicePixelRatio || 1;
    Object.assign(this.canvas, {width: size.width * ratio, height: size.height * ratio});
    Object.assign(this.canvas.style, {width: `${size.width}px`, height: `${size.height}px`});
    const gap = (size.width - 100) / Math.max(1, axes.length - 1);
    this.placed = axes.map((axis, i) => ({...axis, x: 50 + i * gap, top: 34, bottom: size.height - 46}));
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, size.width, size.height);
    this.drawLines(context);
    for (const [i, axis] of this.placed.entries()) this.drawAxis(context, axis, i, gap);
  }

  /** Where a value lies on its axis; what is not there lies below it, what is off the scale beyond its end. */
  at(axis, value) {
    if (!this.page.study.onScale(value)) return value > 0 ? axis.top - 12 : axis.bottom + 16;
    if (axis.high === axis.low) return (axis.top + axis.bottom) / 2;
    const scale = axis.log ? Math.log : (v) => v;
    const share = (scale(value) - scale(axis.low)) / (scale(axis.high) - scale(axis.low));
    return axis.bottom - share * (axis.bottom - axis.top);
  }
  valueAt(axis, y) {
    const share = Math.min(1, Math.max(0, (axis.bottom - y) / (axis.bottom - axis.top)));
    if (axis.log) return Math.exp(Math.log(axis.low) + share * (Math.log(axis.high) - Math.log(axis.low)));
    return axis.low + share * (axis.high - axis.low);
  }

  drawLines(context) {
    const {study, inside, chosen} = this.page;
    const colours = palette();
    const layers = {dim: [], other: [], front: [], chosen: []};
    const objective = study.objectives[0];
    for (let row = 0; row < study.rows; row++) {
      if (objective && objective.data[row] === null) continue;  // no outcome
      const layer = row === chosen ? "chosen" : !inside[row] ? "dim" : study.front.has(row) ? "front" : "other";
      layers[layer].push(row);
    }
    const alpha = Math.max(.06, Math.min(.5, 60 / Math.max(1, layers.other.length)));
    const looks = {dim: [colours.line, 1, Math.min(.5, 2 * alpha)], other: [colours.muted, 1, alpha], front: [colours.front, 1.8, .9], chosen: [colours.mark, 3, 1]};
    for (const [layer, [colour, width, opacity]] of Object.entries(looks)) {
      Object.assign(context, {strokeStyle: colour, lineWidth: width, globalAlpha: opacity});
      for (const row of layers[layer]) {
        context.beginPath();
        for (const axis of this.placed) context.lineTo(axis.x, this.at(axis, axis.column.data[row]));
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }

  drawAxis(context, axis, index, gap) {
    const colours = palette();
    Object.assign(context, {strokeStyle: colours.ink, lineWidth: 1, font: "11px system-ui, sans-serif", textAlign: "center"});
    context.strokeRect(axis.x, axis.top, 0, axis.bottom - axis.top);
    const fit = (text) => {
      let cut = shown(text);
      while (cut.length > 3 && context.measureText(cut).width > gap - 8) cut = `${cut.slice(0, -2)}\u2026`;
      return cut;
    };
    context.fillStyle = colours.ink;
    context.font = "600 12px system-ui, sans-serif";
    context.fillText(fit(axis.column.name), axis.x, 14);
    context.font = "11px system-ui, sans-serif";
    const {labels} = axis.column;
    const ends = labels ? [...labels.keys()].filter((k) => k >= axis.low && k <= axis.high) : [axis.low, axis.high];
    context.textAlign = index === 0 ? "left" : "right";
    for (const value of ends) {
      const y = this.at(axis, value);
      const edge = !labels && value === axis.high ? y - 6 : !labels ? y + 12 : y + 3;
      if (!labels) context.textAlign = "center";
      halo(context, fit(labels ? labels[value] : number(value, 3)), labels ? axis.x + (index === 0 ? 6 : -6) : axis.x, edge, colours.muted, colours.paper);
    }
    const range = this.page.selection.ranges.get(axis.column.key);
    const dragged = this.drag?.index === index ? [this.drag.from, this.drag.to] : range?.map((value) => this.at(axis, Math.min(axis.high, Math.max(axis.low, value))));
    if (!dragged) return;
    context.fillStyle = colours.mark;
    context.globalAlpha = .3;
    context.fillRect(axis.x - 7, Math.min(...dragged) - 2, 14, Math.abs(dragged[1] - dragged[0]) + 4);
    context.globalAlpha = 1;
  }

  listen() {
    const at = (event) => { const r = this.canvas.getBoundingClientRect(); return [event.clientX - r.left, event.clientY - r.top]; };
    this.canvas.addEventListener("pointerdown", (event) => {
      const [x, y] = at(event);
      const index = this.placed.findIndex((axis) => Math.abs(axis.x - x) < 22);
      if (index < 0 || event.button !== 0 || event.pointerType === "touch") return;
      this.drag = {index, from: y, to: y};
      this.canvas.setPointerCapture(event.pointerId);
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!this.drag) return;
      this.drag.to = at(event)[1];
      this.draw();
    });
    this.canvas.addEventListener("pointerup", () => {
      if (!this.drag) return;
      const {index, from, to} = this.drag;
      this.drag = null;
      const axis = this.placed[index];
      if (Math.abs(to - from) < 5) {
        this.page.selection.ranges.delete(axis.column.key);
      } else {
        const [low, high] = [from, to].map((y) => this.valueAt(axis, y)).sort((a, b) => a - b);
        // The ends of the axis are meant where the drag reaches them.
        const reach = 1e-9 * (axis.high - axis.low);
        this.page.selection.ranges.set(axis.column.key, [low - reach, high + reach]);
      }
      this.page.refilter();
    });
  }
}
