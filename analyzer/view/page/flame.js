// The flame graph: what people do with frames. The picture (picture.js) and the page (page.js) show the same one.
"use strict";

const FLAME_HELP = [
  ["/", "search (regular expression; small letters find both cases)"], ["n N", "next, previous match"],
  ["arrows", "walk from frame to frame"], ["Enter, click", "zoom in"], ["Backspace", "back"],
  ["0, Escape", "the whole run"], ["i", "root on top or at the bottom"],
  ["h H", "hide a frame's function, its time counts as its callers' own; show all again"],
  ["v", "turn round: every function's own time by its callers"], ["r", "recursion as one frame, or level by level"],
  ["m", "other colours: by name, by module, by file, by how much is a function's own time"],
];

class Flame {
  // `events`: changed(isStep) after what the address keeps has changed; chosen(fn) when a frame gets the focus.
  constructor(profile, settings, events) {
    this.profile = profile;
    this.events = events;
    this.settings = { view: "callees", rootOnTop: true, colors: "name", width: "both", hidden: [], ...settings };
    this.trees = {}; // by view and what is hidden, made when they are wanted
    this.palette = new Palette();
    this.frames = new Frames(this, "Flame graph");
    this.search = new Search(profile, () => this.searched(), () => this.frames.tree.focus({ preventScroll: true }));
    this.details = element("div", { className: "details", role: "status" });
    this.tip = element("div", { className: "tip", hidden: true, "aria-hidden": "true" });
    this.host = element("section", { className: "flame" }, this.toolbar(), this.frames.host, this.note(),
      this.details, this.tip);
    this.host.view = this;
    this.listen();
    this.show();
  }

  // ---- The parts around the frames ----

  toolbar() {
    const button = (text, key, action, title) => {
      const node = element("button", { type: "button", title: title + " (" + key + ")", "aria-keyshortcuts": key }, text);
      node.addEventListener("click", () => action());
      return node;
    };
    this.toggles = {
      i: button("Icicle", "i", () => this.set({ rootOnTop: !this.settings.rootOnTop }), "Root on top"),
      v: button("Callers", "v", () => this.set({ view: this.settings.view === "callers" ? "callees" : "callers" }),
        "Every function's own time by its callers"),
      r: button("No recursion", "r", () => this.set({ view: this.settings.view === "collapsed" ? "callees" : "collapsed" }),
        "Recursion as one frame"),
    };
    this.colors = Flame.select("Colours (m)", Array.from(Palette.ways, ([way, text]) => [way, "colours: " + text]),
      (colors) => this.set({ colors }));
    this.colors.hidden = this.profile.isDiff;
    this.all = button("", "H", () => this.set({ hidden: [] }), "Show all functions again");
    const bar = element("div", { className: "toolbar", role: "toolbar", "aria-label": "Flame graph" }, this.search.field,
      this.search.output, button("Back", "Backspace", () => this.back(), "Zoom out a step"),
      button("Reset", "0", () => this.zoom(0), "The whole run"), ...Object.values(this.toggles), this.colors,
      button("Hide", "h", () => this.hide(), "Hide the function of the frame that was chosen"), this.all);
    if (this.profile.isDiff)
      bar.append(this.widths = this.widthChoice(), Comparison.legend());
    return bar;
  }

  widthChoice() {
    return Flame.select("Width of frames", [["both", "width: the larger"], ["now", "width: new"], ["base", "width: base"]],
      (width) => this.set({ width }));
  }

  static select(label, choices, chosen) {
    const select = element("select", { "aria-label": label, title: label });
    for (const [value, text] of choices)
      select.append(element("option", { value }, text));
    select.addEventListener("change", () => chosen(select.value));
    return select;
  }

  colorsNext() {
    const ways = Array.from(Palette.ways.keys());
    this.set({ colors: ways[(ways.indexOf(this.settings.colors) + 1) % ways.length] });
  }

  note() {
    const { pruned } = this.profile, texts = [];
    const { sides } = this.profile.tree; // what is merged is counted on both
    const whole = sides ? sides.base.total[0] + sides.now.total[0] : this.profile.tree.total[0];
    if (pruned.frames > 0)
      texts.push(Text.counted(pruned.frames, "narrower frame") + " merged into “…”: " +
        Text.percent(pruned.time, whole || 1) + " of the run");
    if (this.profile.isDiff)
      texts.push(this.goneText());
    return element("p", { className: "note", hidden: texts.length === 0 }, texts.join(" · "));
  }

  goneText() {
    const { base, now } = this.profile.tree.sides;
    let nr = 0, time = 0;
    for (let i = 1; i < now.total.length; i++) {
      const gone = base.calls[i] + base.total[i] > 0 && now.calls[i] + now.total[i] === 0;
      nr += gone ? 1 : 0;
      time += gone ? base.self[i] : 0;
    }
    return nr === 0 ? "No frame is gone" : Text.counted(nr, "frame") + " gone, " + this.profile.amount(time) +
      " of the base: drawn unless the width is the new one";
  }

  // ---- What is shown ----

  tree() {
    const { view, hidden } = this.settings, { profile } = this, made = (key, make) => this.trees[key] ||= make();
    const key = hidden.join(";"), names = new Set(hidden);
    const rest = hidden.length === 0 ? profile.tree
      : made(key, () => profile.tree.without((fn) => names.has(profile.name(fn))));
    if (view === "callees")
      return rest;
    return made(view + " " + key, () => (view === "callers" ? rest.reversed() : rest.collapsed()));
  }

  // Show the tree of the settings, zoomed to a path of names as far as it exists.
  show(path = []) {
    const { settings } = this;
    for (const [key, on] of [["i", settings.rootOnTop], ["v", settings.view === "callers"],
      ["r", settings.view === "collapsed"]])
      this.toggles[key].setAttribute("aria-pressed", String(on));
    this.colors.value = settings.colors;
    if (this.widths)
      this.widths.value = settings.width;
    this.all.hidden = settings.hidden.length === 0;
    this.all.textContent = "Show " + Text.count(settings.hidden.length) + " hidden";
    this.frames.rootOnTop = settings.rootOnTop;
    this.lane = { tree: this.tree() };
    if (this.profile.isDiff)
      this.lane.tree.widthBy(settings.width);
    const found = this.find(path);
    this.zoomed = found.node;
    this.frames.show([this.lane], ...this.extent(found.node));
    this.frames.host.scrollTop = settings.rootOnTop ? 0 : this.frames.height;
    this.searchSum();
    this.tell(found.missing === null ? "" : "There is no " + found.missing + " here");
  }

  extent(node) {
    const { start, total } = this.lane.tree;
    return [start[node], start[node] + total[node]];
  }

  set(change) {
    const path = this.path();
    Object.assign(this.settings, change);
    this.show(path);
    this.events.changed(false);
  }

  hide() {
    const frame = this.frames.focused, fn = frame ? this.lane.tree.fn[frame.node] : -1;
    if (fn < 0 || fn >= this.profile.functions.length) {
      this.tell("Choose a frame first: its function is what h hides");
      return;
    }
    this.set({ hidden: [...this.settings.hidden, this.profile.name(fn)] });
    this.tell(this.profile.name(fn) + " is hidden: its time counts as its callers' own");
  }

  // ---- Zoom ----

  path(node = this.zoomed) { // names; what is left out has none
    return this.lane.tree.path(node).map((i) => this.profile.name(this.lane.tree.fn[i]));
  }

  find(path) {
    const { tree } = this.lane;
    let node = 0;
    for (const name of path) {
      const child = Array.from(tree.children(node)).find((i) => this.profile.name(tree.fn[i]) === name);
      if (child === undefined)
        return { node, missing: name };
      node = child;
    }
    return { node, missing: null };
  }

  zoom(node, isStep = true) {
    if (node === this.zoomed)
      return;
    this.zoomed = node;
    this.frames.range(...this.extent(node));
    if (isStep)
      this.events.changed(true);
    this.tellFrame({ lane: this.lane, node });
  }

  back() { // a step back where there is one, else up to the root
    if (!this.events.back())
      this.zoom(0);
  }

  // ---- Search ----

  searched() {
    this.searchSum();
    this.frames.redraw();
    this.events.changed(false);
  }

  searchSum() { // time below two matches counts once
    const { tree } = this.lane, { search } = this;
    let total = 0, self = 0;
    for (const i of search.found ? tree.outermost((fn) => search.has(fn)) : [])
      total += tree.total[i];
    for (let i = 1; search.found && i < tree.nr; i++)
      self += search.has(tree.fn[i]) ? tree.self[i] : 0;
    search.tell(", " + Text.percent(total, tree.total[0]) + " of the run" +
      (this.settings.view === "callers" ? "" : ", self " + Text.percent(self, tree.total[0])));
  }

  matchStep(direction) {
    const found = this.frames.find((fn) => this.search.has(fn), direction);
    if (found)
      this.frames.focus(found);
  }

  searchClear() {
    this.search.set("");
    this.searched();
  }

  // ---- What Frames asks ----

  label(lane, node) {
    const name = this.profile.name(lane.tree.fn[node]);
    const { sides } = lane.tree;
    return sides && node > 0 ? Comparison.label(name, sides, node) : name;
  }

  isMatch(fn) {
    return this.search.has(fn);
  }

  look({ tree }, node) {
    const fn = tree.fn[node], { palette } = this;
    if (tree.sides && node > 0)
      return Comparison.look(palette, tree.sides, node);
    return fn < 0 ? palette.root() : palette.of(this.profile, fn, this.settings.colors);
  }

  describe({ tree }, node) {
    const { profile } = this, fn = tree.fn[node], parts = [];
    if (!profile.isDiff || node === 0)
      parts.push("total " + profile.amount(tree.total[node]));
    if (this.settings.view !== "callers" && !profile.isDiff)
      parts.push("self " + profile.amount(tree.self[node]));
    if (profile.hasCalls && node > 0 && !profile.isDiff)
      parts.push(Text.counted(tree.calls[node], fn < profile.functions.length ? "call" : "frame"));
    parts.push(Text.percent(tree.total[node], tree.total[0]) + " of the run");
    if (this.zoomed > 0)
      parts.push(Text.percent(tree.total[node], tree.total[this.zoomed]) + " of the zoom");
    if (tree.depth[node] > 1)
      parts.push(Text.percent(tree.total[node], tree.total[tree.parent[node]]) + " of its parent");
    if (profile.isDiff && node > 0)
      parts.push(Comparison.sentence(profile, Comparison.at(tree.sides.base, node), Comparison.at(tree.sides.now, node)));
    return profile.name(fn) + ": " + parts.join(", ");
  }

  // Of the function wherever it is called, and where it stands.
  describeFunction(fn) {
    const { profile } = this, f = profile.functions[fn];
    if (!f)
      return "";
    const sum = profile.of(fn), parts = ["everywhere: " + (profile.isDiff ? Comparison.sentence(profile, sum.base, sum.now) :
      "total " + profile.amount(sum.total) + ", self " + profile.amount(sum.self) +
      (profile.hasCalls ? ", " + Text.counted(sum.calls, "call") : ""))];
    if (!profile.isDiff && Number.isFinite(f.p50_ns))
      parts.push("a call: half within " + profile.amount(f.p50_ns) + ", 99 % within " + profile.amount(f.p99_ns) +
        ", the longest " + profile.amount(f.max_ns));
    if (f.module)
      parts.push(Text.harmless(f.module));
    if (f.file)
      parts.push(Text.harmless(f.file) + (f.line ? ":" + f.line : ""));
    return parts.join(" · ");
  }

  hovered(frame) {
    this.tip.hidden = !frame;
    if (!frame) {
      this.tell("");
      return;
    }
    this.tip.replaceChildren(element("b", {}, this.profile.name(frame.lane.tree.fn[frame.node]).slice(0, 400)),
      element("div", {}, this.describe(frame.lane, frame.node).slice(this.profile.name(frame.lane.tree.fn[frame.node]).length + 2)),
      element("div", {}, this.describeFunction(frame.lane.tree.fn[frame.node])));
    this.tellFrame(frame);
  }

  focused(frame) {
    if (!frame)
      return;
    this.tellFrame(frame);
    this.events.chosen(frame.lane.tree.fn[frame.node]);
  }

  tellFrame(frame) {
    this.tell(this.describe(frame.lane, frame.node), this.describeFunction(frame.lane.tree.fn[frame.node]));
  }

  tell(...lines) {
    this.details.replaceChildren(...lines.map((text) => element("div", { title: text.slice(0, 2000) }, text)));
  }

  // ---- Mouse and keys ----

  listen() {
    const { canvas } = this.frames;
    canvas.addEventListener("click", (event) => {
      const frame = this.frames.at(event.offsetX, event.offsetY);
      this.frames.tree.focus({ preventScroll: true });
      if (!frame)
        return;
      this.frames.focus(frame, false);
      this.zoom(frame.node);
    });
    canvas.addEventListener("mousemove", (event) => this.tipPlace(event));
  }

  recolor() {
    this.palette.read(this.host);
    this.frames.redraw();
  }

  tipPlace(event) {
    const { tip } = this;
    const left = Math.min(event.clientX + 14, window.innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 18, above = event.clientY - tip.offsetHeight - 12;
    tip.style.left = Math.max(left, 4) + "px";
    tip.style.top = (below + tip.offsetHeight < window.innerHeight ? below : Math.max(above, 4)) + "px";
  }

  // True when the key meant something.
  key(event) {
    const up = this.settings.rootOnTop ? "parent" : "child", down = up === "parent" ? "child" : "parent";
    const actions = {
      "/": () => this.search.open(),
      n: () => this.matchStep(1),
      N: () => this.matchStep(-1),
      h: () => this.hide(),
      m: () => this.profile.isDiff || this.colorsNext(),
      H: () => this.set({ hidden: [] }),
      0: () => this.zoom(0),
      Backspace: () => this.back(),
      Escape: () => (this.zoomed === 0 && this.search.pattern !== "" ? this.searchClear() : this.back()),
      Enter: () => this.frames.focused && this.zoom(this.frames.focused.node),
      ArrowUp: () => this.frames.walk(up),
      ArrowDown: () => this.frames.walk(down),
      ArrowLeft: () => this.frames.walk("left"),
      ArrowRight: () => this.frames.walk("right"),
    };
    const find = (event.ctrlKey || event.metaKey) && event.key === "f";
    if (find)
      this.search.open();
    else if (this.toggles[event.key])
      this.toggles[event.key].click();
    else if (Object.hasOwn(actions, event.key))
      actions[event.key]();
    else
      return false;
    return true;
  }

  // ---- State, for the address: words of letters and digits, and texts ----

  state() {
    const { settings } = this;
    return { z: this.path().map(encodeURIComponent).join(";"), s: encodeURIComponent(this.search.pattern),
      i: settings.rootOnTop ? "1" : "0", w: settings.view, c: settings.colors,
      x: settings.hidden.map(encodeURIComponent).join(";"), ...(this.profile.isDiff && { b: settings.width }) };
  }

  restore(state) {
    const choose = (value, choices, otherwise) => (choices.includes(value) ? value : otherwise);
    Object.assign(this.settings, {
      rootOnTop: state.i === undefined ? this.settings.rootOnTop : state.i === "1",
      view: choose(state.w, ["callees", "callers", "collapsed"], this.settings.view),
      colors: choose(state.c, Array.from(Palette.ways.keys()), this.settings.colors),
      width: choose(state.b, ["now", "base", "both"], this.settings.width),
    });
    const names = (text) => (text || "").split(";").filter((name) => name !== "").map(Address.decode);
    this.settings.hidden = names(state.x);
    this.show(names(state.z));
    this.search.set(Address.decode(state.s || ""));
    this.searchSum();
  }
}
