// The functions as a table: sorted by any column, filtered by a regular expression, copied as CSV.
"use strict";

const ROWS_AT_ONCE = 300;

class Functions {
  constructor(profile, events) {
    this.profile = profile;
    this.events = events;
    this.whole = profile.tree.total[0];
    this.rows = profile.isDiff ? Functions.pairs(profile) : profile.functions;
    this.order = profile.functions.map((_, i) => i);
    this.columns = Functions.columns(profile);
    this.sorted = this.columns.findIndex((column) => column.key === (profile.isDiff ? "more_ns" : "exclusive_ns"));
    this.falling = true;
    this.nrShown = ROWS_AT_ONCE;
    this.field = element("input", { type: "search", placeholder: "Filter (regex)  /", spellcheck: false,
      "aria-label": "Filter functions by regular expression" });
    this.count = element("output", { className: "matched", "aria-live": "polite" });
    this.copied = element("button", { type: "button" }, "Copy CSV");
    this.body = element("tbody");
    this.more = element("button", { type: "button", hidden: true });
    this.heads = this.columns.map((column, i) => this.head(column, i));
    this.host = element("section", { className: "functions" },
      element("div", { className: "toolbar" }, this.field, this.count, this.copied),
      element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Functions" },
        element("table", {}, element("caption", { className: "unseen" }, "Functions"),
          element("thead", {}, element("tr", {}, ...this.heads)), this.body), this.more),
      ...(profile.hasCalls && !profile.isDiff ? [element("p", { className: "note" }, Functions.note)] : []));
    this.host.view = this;
    this.field.addEventListener("input", () => this.fill());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.field.value = "";
        this.fill();
      }
    });
    this.copied.addEventListener("click", () => navigator.clipboard.writeText(this.csv()));
    this.more.addEventListener("click", () => {
      this.nrShown *= 4;
      this.fill();
    });
    this.fill();
  }

  static get note() {
    return "Self and total are without what tracing cost, as far as that is known; min to max are of single calls, as recorded";
  }

  // Of two profiles, what each has of every function.
  static pairs(profile) {
    return profile.functions.map((f, i) => {
      const { base, now } = profile.of(i);
      return { label: f.label, module: f.module, file: f.file, line: f.line, more_ns: now.self - base.self,
        base_exclusive_ns: base.self, exclusive_ns: now.self, base_inclusive_ns: base.total, inclusive_ns: now.total,
        base_calls: base.calls, calls: now.calls };
    });
  }

  // A column of the second profile that says how it differs from the first.
  static change(key, title, from, ofCalls = false) {
    return { key, title, ofCalls, change: (f) => Text.change(f[from], f[key]), show: () => "" };
  }

  static pairColumns(time) {
    return [
      { key: "label", title: "Function", isText: true },
      { key: "more_ns", title: "Self more", show: (v) => (v < 0 ? "−" : v > 0 ? "+" : "") + time(Math.abs(v)) },
      { key: "base_exclusive_ns", title: "Self base", show: time }, { key: "exclusive_ns", title: "Self new", show: time },
      Functions.change("exclusive_ns", "Change", "base_exclusive_ns"),
      { key: "base_inclusive_ns", title: "Total base", show: time }, { key: "inclusive_ns", title: "Total new", show: time },
      Functions.change("inclusive_ns", "Change", "base_inclusive_ns"),
      { key: "base_calls", title: "Calls base", show: Text.count, ofCalls: true },
      { key: "calls", title: "Calls new", show: Text.count, ofCalls: true },
      { key: "module", title: "Module", isText: true }, { key: "file", title: "Source", isText: true },
    ];
  }

  // Of the report's numbers, those that it has.
  static columns(profile) {
    const { unit } = profile, first = profile.functions[0] || {};
    const time = (v) => Text.amount(v, unit);
    if (profile.isDiff)
      return Functions.pairColumns(time).filter((column) => profile.hasCalls || !column.ofCalls);
    return [
      { key: "label", title: "Function", isText: true },
      { key: "exclusive_ns", title: "Self", show: time }, { key: "exclusive_ns", title: "Self %", share: true },
      { key: "inclusive_ns", title: "Total", show: time }, { key: "inclusive_ns", title: "Total %", share: true },
      { key: "calls", title: "Calls", show: Text.count, ofCalls: true },
      { key: "min_ns", title: "Min", show: time, ofCalls: true },
      { key: "mean_ns", title: "Mean", show: time, ofCalls: true },
      { key: "p50_ns", title: "p50", show: time, ofCalls: true },
      { key: "p99_ns", title: "p99", show: time, ofCalls: true },
      { key: "max_ns", title: "Max", show: time, ofCalls: true },
      { key: "module", title: "Module", isText: true },
      { key: "file", title: "Source", isText: true },
    ].filter((column) => column.key in first && (profile.hasCalls || !column.ofCalls));
  }

  head(column, i) {
    const sort = element("button", { type: "button" }, column.title);
    sort.addEventListener("click", () => {
      this.falling = this.sorted === i ? !this.falling : !column.isText;
      this.sorted = i;
      this.fill();
    });
    return element("th", { scope: "col", className: column.isText ? "text" : "number" }, sort);
  }

  selection() {
    const { key, change } = this.columns[this.sorted], { rows } = this, way = this.falling ? -1 : 1;
    const pattern = Search.compile(this.field.value);
    const wanted = (i) => !pattern || pattern.test(this.profile.labels[i]);
    this.field.classList.toggle("wrong", !pattern);
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    const value = (f) => (change ? f[key] / f["base_" + key] || 0 : f[key]);
    return this.order.filter(wanted).sort((a, b) => way * compare(value(rows[a]), value(rows[b])) || a - b);
  }

  fill() {
    const all = this.selection(), shown = all.slice(0, this.nrShown);
    this.heads.forEach((head, i) => {
      if (i === this.sorted)
        head.setAttribute("aria-sort", this.falling ? "descending" : "ascending");
      else
        head.removeAttribute("aria-sort");
    });
    const sum = (key) => all.reduce((time, i) => time + this.rows[i][key], 0), self = sum("exclusive_ns");
    this.count.textContent = Text.counted(all.length, "function") + ", self " + (this.profile.isDiff ?
      this.profile.amount(sum("base_exclusive_ns")) + " → " + this.profile.amount(self) : Text.percent(self, this.whole));
    this.body.replaceChildren(...shown.map((i) => this.row(i)));
    this.more.hidden = shown.length === all.length;
    this.more.textContent = "Show more: " + Text.count(all.length - shown.length) + " functions are left";
  }

  row(i) {
    const f = this.rows[i];
    return element("tr", { "data-function": i }, ...this.columns.map((column) => {
      if (column.key === "label") {
        const name = element("button", { type: "button", className: "name", title: this.profile.labels[i].slice(0, 2000) },
          this.profile.labels[i].slice(0, 300));
        name.addEventListener("click", () => this.events.chosen(i, true));
        return element("th", { scope: "row", className: "text" }, name);
      }
      if (column.isText)
        return element("td", { className: "text", title: Text.harmless(f[column.key]) }, Functions.place(f, column.key));
      const value = f[column.key];
      if (column.change)
        return element("td", { className: "number" }, column.change(f));
      if (value === null) // quantiles of a function of which not all calls are known
        return element("td");
      return element("td", { className: "number", "data-value": value },
        column.share ? Text.percent(value, this.whole) : column.show(value));
    }));
  }

  static place(f, key) { // the last part of a path, and the line
    const name = Text.harmless(f[key]).split("/").pop();
    return key === "file" && f.line ? name + ":" + f.line : name;
  }

  csv() {
    const keys = Array.from(new Set(this.columns.map((column) => column.key)));
    const quote = (value) => '"' + String(value).replace(/^([=+\-@\t\r])/, "'$1").replaceAll('"', '""') + '"';
    const line = (i) => keys.map((key) => quote(this.rows[i][key])).join(",");
    return [keys.join(","), ...this.selection().map(line)].join("\r\n") + "\r\n";
  }

  key(event) {
    if (event.key !== "/")
      return false;
    this.field.focus();
    return true;
  }
}
