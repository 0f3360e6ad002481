// The page: one view at a time, a function that is chosen, and the address that keeps both.
"use strict";

const Page = {
  init() {
    const data = Page.read("data"), report = Page.read("report");
    this.heap = document.getElementById("heap") ? Page.read("heap") : null;
    this.run = { data, report, profile: new Profile(data, report.functions) };
    this.panel = element("div", { id: "panel", role: "tabpanel", className: "panel" });
    this.status = document.getElementById("status");
    this.threads = new Threads(data.threads || [], data.other_threads, (id) => this.of(id));
    this.head(data);
    this.use("");
    document.querySelector("main").replaceChildren(this.panel);
    document.addEventListener("keydown", (event) => this.keyPressed(event));
    window.addEventListener("popstate", () => this.restore());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolor());
    this.restore();
  },

  read(id) {
    return JSON.parse(document.getElementById(id).textContent);
  },

  // What the views are of: a thread, or with "" the whole run.
  use(id) {
    const { data, report, profile } = id === "" ? this.run : this.threads.part(id);
    const before = this.fn >= 0 ? this.profile?.labels[this.fn] : undefined;
    Object.assign(this, { thread: id, report, profile, durations: data.durations, made: {} }); // views, when they are first shown
    this.fn = Math.max(profile.labels.indexOf(before), profile.functions.length > 0 ? 0 : -1);
    this.views = this.list();
    this.summary(report.trace);
    this.tabs();
    this.threads.show(id);
  },

  of(id) { // somebody has chosen it
    const view = this.made[this.current], state = view.state ? view.state() : {};
    this.use(id);
    this.show(this.current, false).restore?.({ ...this.initial(), ...state, z: "" });
    this.changed(true);
  },

  // A function of the whole run, among those that are shown; -1: the thread has not called it.
  own(fn) {
    return this.thread === "" ? fn : this.profile.labels.indexOf(this.run.profile.labels[fn]);
  },

  list() {
    const { profile } = this, whole = this.run, events = {
      changed: (isStep) => this.changed(isStep),
      back: Address.back,
      chosen: (fn, goes) => this.choose(fn, goes),
      told: (text) => this.tell(text),
    };
    const isRun = !profile.isDiff; // what a comparison has none of
    return Page.numbered([
      ["flame", "Flame graph", () => new Flame(profile, { rootOnTop: true }, events), true],
      ["chart", "Timeline", () => new Chart(whole.profile, whole.data.chart,
        { ...events, chosen: (fn, goes) => this.choose(this.own(fn), goes) }), isRun && whole.data.chart?.threads.length > 0],
      ["sandwich", "Sandwich", () => new Sandwich(profile, events), this.fn >= 0],
      ["functions", "Functions", () => new Functions(profile, events), true],
      ["tree", "Tree", () => new CallTree(profile, events), true],
      ["histogram", "Histogram", () => new Histogram(profile, this.durations), isRun && this.fn >= 0 && profile.hasCalls],
      ["source", "Source", () => new Source(profile, whole.data.sources.map((source) => ({ ...source, function: this.own(source.function) }))),
        isRun && whole.data.sources.length > 0],
      ["memory", "Memory", () => new Memory(this.heap), isRun && this.heap !== null],
      ["run", "Run", () => new Run(profile, this.report, events), isRun],
    ]);
  },

  numbered(all) { // those that exist
    return all.filter(([, , , exists]) => exists).map(([id, title, make], i) => ({ id, title, make, digit: String(i + 1) }));
  },

  head(data) {
    document.querySelector("h1").textContent = Text.harmless(data.title);
    document.querySelector("h1").title = Text.harmless(data.title);
    document.getElementById("theme").addEventListener("click", () => this.themeNext());
    document.getElementById("help").addEventListener("click", () => this.help());
    document.getElementById("tabs").addEventListener("keydown", (event) => this.tabKeyPressed(event));
  },

  summary(trace) {
    document.getElementById("summary").textContent = this.subtitle(trace);
    document.getElementById("summary").classList.toggle("incomplete", !trace.complete);
  },

  subtitle(trace) {
    const { profile } = this, parts = [profile.amount(profile.tree.total[0])];
    if (profile.isDiff) {
      const { base, now } = profile.tree.sides;
      return profile.amount(base.total[0]) + " → " + profile.amount(now.total[0]) + " (" +
        Text.change(base.total[0], now.total[0]) + ")" + (trace.complete ? "" : ", INCOMPLETE");
    }
    if (profile.hasCalls)
      parts[0] += " in " + Text.counted(trace.threads, "thread");
    if (profile.hasCalls)
      parts.push(Text.counted(trace.calls, "call"));
    if (trace.start_realtime_ns > 0)
      parts.push(new Date(trace.start_realtime_ns / 1e6).toISOString().slice(0, 19).replace("T", " ") + " UTC");
    if (!trace.complete)
      parts.push("INCOMPLETE: " + Text.counted(trace.dropped_events, "event") + " lost");
    return parts.join(", ");
  },

  tabs() {
    for (const view of this.views) {
      view.tab = element("button", { type: "button", role: "tab", id: "tab-" + view.id, "aria-controls": "panel",
        title: view.title + " (" + view.digit + ")" }, view.title);
      view.tab.addEventListener("click", () => this.show(view.id, true));
    }
    document.getElementById("tabs").replaceChildren(...this.views.map((view) => view.tab));
  },

  tabKeyPressed(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step)
      return;
    const at = this.views.findIndex((view) => view.tab === document.activeElement);
    const next = this.views[(at + step + this.views.length) % this.views.length];
    next.tab.focus();
    this.show(next.id, true);
    event.preventDefault();
    event.stopPropagation();
  },

  // ---- What is shown ----

  show(id, isStep) {
    const known = this.views.find((view) => view.id === id) || this.views[0];
    this.current = known.id;
    for (const view of this.views) {
      view.tab.setAttribute("aria-selected", String(view === known));
      view.tab.tabIndex = view === known ? 0 : -1;
    }
    this.panel.setAttribute("aria-labelledby", known.tab.id);
    const view = this.made[known.id] ||= known.make();
    const ofFunction = Page.isOfFunction(known.id);
    this.panel.replaceChildren(...(ofFunction ? [this.finder()] : []), view.host);
    this.tell("");
    if (ofFunction)
      view.show(this.fn);
    view.shown?.();
    if (isStep)
      this.changed(true);
    return view;
  },

  isOfFunction(id) {
    return ["sandwich", "histogram", "source"].includes(id);
  },

  // A field that chooses a function by a regular expression.
  finder() {
    const field = element("input", { type: "search", placeholder: "Another function (regex)  /", spellcheck: false,
      "aria-label": "Choose a function by regular expression" });
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter")
        return;
      const pattern = Search.compile(field.value);
      const found = pattern ? this.profile.labels.findIndex((label) => pattern.test(label)) : -1;
      field.classList.toggle("wrong", found < 0);
      if (found >= 0)
        this.choose(found, true, this.current);
    });
    return element("div", { className: "toolbar" }, field);
  },

  choose(fn, goes, id = "sandwich") {
    if (fn < 0 || fn >= this.profile.functions.length)
      return;
    this.fn = fn;
    if (goes)
      this.show(id, true);
  },

  tell(text) {
    this.status.textContent = text;
  },

  // ---- State ----

  initial() {
    return { v: this.views[0].id, t: "", f: "", z: "", s: "", i: "1", w: "callees", c: "name", x: "", r: "" };
  },

  state() {
    const view = this.made[this.current];
    const ofFunction = Page.isOfFunction(this.current);
    return { v: this.current, t: this.thread, f: ofFunction && this.fn >= 0 ? encodeURIComponent(this.profile.name(this.fn)) : "",
      ...(view.state ? view.state() : {}) };
  },

  changed(isStep) {
    Address.keep(() => this.state(), this.initial(), isStep);
  },

  restore() {
    const state = { ...this.initial(), ...Address.read() };
    const thread = this.threads.has(state.t) ? state.t : "";
    if (thread !== this.thread)
      this.use(thread);
    const wanted = state.f === "" ? -1 : this.profile.labels.indexOf(Address.decode(state.f));
    this.fn = wanted >= 0 ? wanted : this.fn;
    const view = this.show(state.v, false);
    view.restore?.(state);
    if (state.f !== "" && wanted < 0)
      this.tell("There is no " + Address.decode(state.f) + " here");
    if (thread !== state.t)
      this.tell("There is no thread " + Address.decode(state.t) + " here");
  },

  // ---- Looks and keys ----

  // The dark colours stand in a rule for systems that are dark: let it hold always, or never.
  themeNext() {
    const dark = "(prefers-color-scheme: dark)", root = document.documentElement;
    this.darkRule ||= Array.from(document.styleSheets).flatMap((sheet) => Array.from(sheet.cssRules))
      .find((rule) => rule.media?.mediaText === dark);
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia(dark).matches;
    root.dataset.theme = root.style.colorScheme = isDark ? "light" : "dark";
    this.darkRule.media.mediaText = isDark ? "not all" : "all";
    this.recolor();
  },

  recolor() {
    for (const view of Object.values(this.made))
      view.recolor?.();
  },

  help() {
    const dialog = document.querySelector("dialog"), rows = [];
    const section = (title, keys) => {
      rows.push(element("tr", {}, element("th", { colSpan: 2, scope: "rowgroup" }, title)));
      for (const [key, text] of keys)
        rows.push(element("tr", {}, element("th", { scope: "row" }, element("kbd", {}, key)), element("td", {}, text)));
    };
    section("Everywhere", [["1 … " + this.views.length, "the views: " + this.views.map((view) => view.title).join(", ")],
      ["/", "search"], ["c", "the chosen function's callers and callees"], ["t", "light or dark"], ["?", "these keys"]]);
    section("Flame graph", FLAME_HELP);
    if (!this.profile.isDiff)
      section("Timeline", CHART_HELP);
    section("Tree", [["arrows", "walk, open and close"], ["Home End", "first and last row"]]);
    dialog.querySelector("tbody").replaceChildren(...rows);
    dialog.showModal();
  },

  keyPressed(event) {
    const find = (event.ctrlKey || event.metaKey) && event.key === "f";
    const typing = event.target.closest("input, select");
    if (document.querySelector("dialog").open || (typing && !find) ||
        (!find && (event.ctrlKey || event.metaKey || event.altKey)))
      return;
    if ((event.key === "Enter" || event.key === " ") && event.target.closest("button, summary"))
      return;
    if (this.shortcut(event) || this.made[this.current].key(event))
      event.preventDefault();
  },

  shortcut(event) {
    const view = this.views.find((candidate) => candidate.digit === event.key);
    if (view)
      this.show(view.id, true);
    else if (event.key === "t")
      this.themeNext();
    else if (event.key === "c" && this.fn >= 0)
      this.show("sandwich", true);
    else if (event.key === "?")
      this.help();
    else if (event.key === "/" && this.panel.querySelector("input") && this.current !== "flame" && this.current !== "chart")
      this.panel.querySelector("input").focus();
    else
      return false;
    return true;
  },
};

Page.init();
