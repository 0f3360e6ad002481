// The timeline: every thread's calls as they followed one another, from the whole run down to a single call.
"use strict";

const CHART_HELP = [
  ["/", "search (regular expression)"], ["n N", "next, previous match"],
  ["w s, Ctrl-wheel", "nearer, farther"], ["a d, drag", "earlier, later"], ["arrows", "walk from call to call"],
  ["Enter, double click", "zoom to the call"], ["Backspace", "back"], ["0, Escape", "the whole run"],
];

class Chart {
  constructor(profile, data, events) {
    this.profile = profile;
    this.data = data;
    this.events = events;
    this.whole = [Math.min(...data.threads.map((t) => t.start)), Math.max(...data.threads.map((t) => t.end))];
    const lanes = data.threads.slice().sort((a, b) => a.start - b.start)
      .map((thread) => ({ thread, tree: Chart.decode(thread) }));
    this.frames = new Frames(this, "Timeline");
    this.axis = element("canvas", { className: "axis", "aria-hidden": "true" });
    this.details = element("div", { className: "details", role: "status" });
    this.palette = new Palette();
    this.search = new Search(profile, () => this.searched(), () => this.frames.tree.focus({ preventScroll: true }));
    this.host = element("section", { className: "chart" }, this.toolbar(), this.axis, this.frames.host,
      element("p", { className: "note" }, this.note()), this.details);
    this.host.view = this;
    this.listen();
    this.frames.show(lanes, ...this.whole);
  }

  // What view/chart_data.c wrote: levels; of each, slices; of each, the gap before it, its length, its function, twice
  // its calls (and one more when functions are mixed; 0 and 1: a single one that was unwound, or never left), and where
  // there are several calls, the time in them.
  static decode(thread) {
    const numbers = Tree.numbers(thread.slices), next = () => numbers.next().value, slices = [];
    for (let level = 0, nrLevels = next(); level < nrLevels; level++) {
      for (let i = 0, nr = next(), at = thread.start; i < nr; i++) {
        const start = at + next(), total = next(), fn = next(), calls = next();
        const slice = calls < 2 ? { level, start, total, fn, calls: 1, mixed: 0, left: calls + 1 } :
          { level, start, total, fn, calls: Math.floor(calls / 2), mixed: calls % 2, left: 0 };
        slice.busy = slice.calls > 1 ? next() : total;
        slices.push(slice);
        at = start + total;
      }
    }
    slices.sort((a, b) => a.start - b.start || a.level - b.level);
    return Chart.tree(thread, slices);
  }

  static tree(thread, slices) {
    const tree = new Tree(slices.length + 1), last = [0];
    tree.mixed = new Uint8Array(tree.nr);
    tree.left = new Uint8Array(tree.nr);
    tree.busy = new Float64Array(tree.nr);
    tree.start[0] = thread.start;
    tree.total[0] = thread.end - thread.start;
    slices.forEach((slice, at) => {
      const i = at + 1, depth = slice.level + 1;
      last.length = Math.min(last.length, depth); // what is over, or covered by merged slices
      tree.parent[i] = last[last.length - 1];
      while (last.length < depth)
        last.push(tree.parent[i]);
      last.push(i);
      tree.depth[i] = depth;
      for (const name of ["start", "total", "fn", "calls", "mixed", "left", "busy"])
        tree[name][i] = slice[name];
      tree.nrRows = Math.max(tree.nrRows, depth + 1);
    });
    for (let i = tree.nr - 1; i > 0; i--) {
      tree.end[i] = Math.max(tree.end[i], i + 1);
      tree.end[tree.parent[i]] = Math.max(tree.end[tree.parent[i]], tree.end[i]);
    }
    tree.end[0] = tree.nr;
    return tree;
  }

  toolbar() {
    const button = (text, keys, action) => {
      const node = element("button", { type: "button", title: text + " (" + keys + ")" }, text);
      node.addEventListener("click", action);
      return node;
    };
    return element("div", { className: "toolbar", role: "toolbar", "aria-label": "Timeline" },
      this.search.field, this.search.output, button("Nearer", "w", () => this.scale(0.5)), button("Farther", "s", () => this.scale(2)),
      button("Earlier", "a", () => this.pan(-0.25)), button("Later", "d", () => this.pan(0.25)),
      button("Back", "Backspace", () => this.back()), button("Reset", "0", () => this.range(...this.whole, true)));
  }

  note() {
    const { grain, calls, merged, beyond } = this.data, texts = [];
    if (merged > 0)
      texts.push("Calls of " + this.profile.amount(grain) + " and more stand alone; of the " + Text.count(calls) +
        " calls, " + Text.count(merged) + " shorter ones are merged with their neighbours (--time A..B shows a part of the" +
        " run more closely)");
    else
      texts.push("Each of the " + Text.counted(calls, this.profile.hasCalls ? "call" : "frame") + " stands alone");
    if (beyond > 0)
      texts.push(Text.counted(beyond, "call") + " in deeper levels or further threads left out");
    if (this.profile.unit === "ns")
      texts.push("times are as recorded, with what tracing cost");
    return texts.join(" · ");
  }

  searched() {
    this.frames.redraw();
    this.events.changed(false);
  }

  matchStep(direction) { // to where it can be seen
    const found = this.frames.find((fn) => this.search.has(fn), direction, true);
    if (!found)
      return;
    if (!this.frames.isShown(found))
      this.zoom(found);
    this.frames.focus(found);
  }

  // ---- Range ----

  range(from, to, isStep) {
    const [first, last] = this.whole, length = Math.max(to - from, 1);
    const start = Math.min(Math.max(from, first), Math.max(last - length, first));
    this.frames.range(start, Math.min(start + length, last));
    this.axisDraw();
    this.events.changed(isStep);
  }

  scale(factor, middle = (this.frames.from + this.frames.to) / 2) {
    const { from, to } = this.frames;
    this.range(middle - (middle - from) * factor, middle + (to - middle) * factor, false);
  }

  pan(part) {
    const by = (this.frames.to - this.frames.from) * part;
    this.range(this.frames.from + by, this.frames.to + by, false);
  }

  zoom({ lane, node }) {
    const { start, total } = lane.tree, around = total[node] * 0.02;
    this.range(start[node] - around, start[node] + total[node] + around, true);
  }

  back() {
    if (!this.events.back())
      this.range(...this.whole, true);
  }

  axisDraw() {
    const { axis } = this, width = this.frames.width, ratio = window.devicePixelRatio || 1;
    if (width === 0)
      return;
    axis.width = width * ratio;
    axis.height = 20 * ratio;
    axis.style.width = width + "px";
    const context = axis.getContext("2d"), { from, to } = this.frames;
    context.scale(ratio, ratio);
    context.font = "12px system-ui, 'DejaVu Sans', sans-serif";
    context.fillStyle = context.strokeStyle = this.palette.quiet;
    const step = Chart.step((to - from) / Math.max(width / 110, 1)), origin = this.whole[0];
    for (let at = Math.ceil((from - origin) / step) * step; at <= to - origin; at += step) {
      const x = (at + origin - from) / (to - from) * width;
      context.fillRect(Math.round(x), 14, 1, 6);
      context.fillText(this.profile.unit === "ns" ? Chart.instant(at, step) : Text.count(at), Math.min(x + 3, width - 60), 12);
    }
  }

  static step(least) { // 1, 2 or 5 times a power of ten
    const power = 10 ** Math.floor(Math.log10(Math.max(least, 1)));
    return [1, 2, 5, 10].find((factor) => factor * power >= least) * power;
  }

  static instant(value, step) { // as many digits as tell two marks apart
    const [scale, unit] = [[1e9, "s"], [1e6, "ms"], [1e3, "us"], [1, "ns"]].find(([s]) => Math.max(value, step) >= s) || [1, "ns"];
    return (value / scale).toFixed(Math.min(Math.max(0, Math.ceil(-Math.log10(step / scale))), 9)) + " " + unit;
  }

  // ---- What Frames asks ----

  name(lane, node) {
    const { tree, thread } = lane;
    if (node === 0)
      return Chart.threadName(thread);
    const name = this.profile.name(tree.fn[node]);
    if (tree.calls[node] === 1)
      return name + ["", " [unwound]", " [open]"][tree.left[node]];
    return (tree.mixed[node] ? "mostly " : "") + name + " ×" + Text.count(tree.calls[node]);
  }

  static threadName({ name, pid, tid }) {
    if (tid === 0) // folded stacks, in their order
      return "all";
    return (name ? Text.harmless(name) + " " : "thread ") + tid + (pid === tid || pid === 0 ? "" : " of " + pid);
  }

  label(lane, node) {
    return this.name(lane, node);
  }

  isMatch(fn) {
    return this.search.has(fn);
  }

  look({ tree }, node) {
    return node === 0 ? { ...this.palette.root(), spills: true } : this.palette.of(this.profile, tree.fn[node], "name");
  }

  describe(lane, node) {
    const { tree } = lane, time = (v) => this.profile.amount(v), begin = tree.start[node] - this.whole[0];
    let text = this.name(lane, node) + ": " + time(tree.total[node]) + " from " +
      (this.profile.unit === "ns" ? (begin / 1e9).toFixed(9) + " s" : Text.count(begin)) + " on";
    if (node > 0 && tree.calls[node] > 1)
      text += ", " + Text.count(tree.calls[node]) + " calls merged, " + time(tree.busy[node]) + " in them";
    return text;
  }

  hovered(frame) {
    this.tell(frame);
  }

  focused(frame) {
    this.tell(frame);
    if (frame && frame.node > 0 && !frame.lane.tree.mixed[frame.node])
      this.events.chosen(frame.lane.tree.fn[frame.node]);
  }

  tell(frame) {
    this.details.replaceChildren(...(frame ? [element("div", {}, this.describe(frame.lane, frame.node))] : []));
  }

  // ---- Mouse and keys ----

  listen() {
    const { canvas } = this.frames;
    let drag = null;
    canvas.addEventListener("pointerdown", (event) => {
      drag = { x: event.clientX, from: this.frames.from, to: this.frames.to, moved: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!drag)
        return;
      const by = (drag.x - event.clientX) / this.frames.width * (drag.to - drag.from);
      drag.moved ||= Math.abs(drag.x - event.clientX) > 3;
      if (drag.moved)
        this.range(drag.from + by, drag.to + by, false);
    });
    canvas.addEventListener("pointerup", (event) => {
      const frame = drag && !drag.moved ? this.frames.at(event.offsetX, event.offsetY) : null;
      drag = null;
      this.frames.tree.focus({ preventScroll: true });
      if (frame)
        this.frames.focus(frame, false);
    });
    canvas.addEventListener("dblclick", (event) => {
      const frame = this.frames.at(event.offsetX, event.offsetY);
      if (frame)
        this.zoom(frame);
    });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.shiftKey)
        return;
      const { from, to, width } = this.frames, at = from + event.offsetX / width * (to - from);
      if (event.shiftKey)
        this.pan(Math.sign(event.deltaY || event.deltaX) * 0.1);
      else
        this.scale(event.deltaY > 0 ? 1.25 : 0.8, at);
      event.preventDefault();
    }, { passive: false });
    new ResizeObserver(() => this.axisDraw()).observe(this.axis.parentElement || this.host);
  }

  recolor() {
    this.palette.read(this.host);
    this.frames.redraw();
    this.axisDraw();
  }

  key(event) {
    const actions = {
      w: () => this.scale(0.5), s: () => this.scale(2), a: () => this.pan(-0.25), d: () => this.pan(0.25),
      "/": () => this.search.open(), n: () => this.matchStep(1), N: () => this.matchStep(-1),
      "+": () => this.scale(0.5), "-": () => this.scale(2),
      0: () => this.range(...this.whole, true),
      Backspace: () => this.back(),
      Escape: () => this.back(),
      Enter: () => this.frames.focused && this.zoom(this.frames.focused),
      ArrowUp: () => this.frames.walk("parent"),
      ArrowDown: () => this.frames.walk("child"),
      ArrowLeft: () => this.frames.walk("left"),
      ArrowRight: () => this.frames.walk("right"),
    };
    if ((event.ctrlKey || event.metaKey) && event.key === "f")
      this.search.open();
    else if (Object.hasOwn(actions, event.key))
      actions[event.key]();
    else
      return false;
    return true;
  }

  // ---- State ----

  state() {
    const { from, to } = this.frames, [first, last] = this.whole;
    return { r: from <= first && to >= last ? "" : Math.round(from - first) + "-" + Math.round(to - first),
      s: encodeURIComponent(this.search.pattern) };
  }

  restore(state) {
    const [from, to] = (state.r || "").split("-").map(Number), [first, last] = this.whole;
    if (to > from)
      this.frames.range(first + from, Math.min(first + to, last));
    else
      this.frames.range(first, last);
    this.search.set(Address.decode(state.s || ""));
    this.axisDraw();
  }
}
