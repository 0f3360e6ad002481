// What ran, how complete the record of it is, what was found, and the way that most of the time takes.
"use strict";

class Run {
  constructor(profile, report, events) {
    this.profile = profile;
    this.report = report;
    this.events = events;
    this.host = element("section", { className: "run" }, ...this.cards(), ...this.notices(), ...this.findings(),
      ...this.hotPath(), ...this.threads(), ...this.facts());
    this.host.view = this;
  }

  cards() {
    const { trace } = this.report, { profile } = this;
    const cards = [["time in functions", profile.amount(profile.tree.total[0])]];
    if (profile.hasCalls)
      cards.push(["wall", Text.amount(trace.wall_ns, "ns")], ["calls", Text.count(trace.calls)],
        ["threads", Text.count(trace.threads)], ["processes", Text.count(trace.processes)]);
    cards.push(["functions", Text.count(trace.functions)], ["deepest", Text.count(trace.max_depth)],
      ["record", trace.complete ? "complete" : "INCOMPLETE: " + Text.count(trace.dropped_events) + " events lost"]);
    return [element("dl", { className: "cards" }, ...cards.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value))))];
  }

  notices() {
    const { notices } = this.report.trace;
    return notices.length === 0 ? [] : [element("h2", {}, "Notices"),
      element("ul", {}, ...notices.map((text) => element("li", {}, Text.harmless(text))))];
  }

  findings() {
    const found = this.report.findings || [];
    if (found.length === 0)
      return [];
    return [element("h2", {}, "Findings"), element("ul", { className: "findings" }, ...found.map((finding) => {
      const item = element("li", {}, element("b", {}, finding.kind), " ", this.link(finding.function), ": " + finding.text);
      for (const line of finding.advice ? finding.advice.split("\n") : [])
        item.append(element("code", {}, Text.harmless(line)));
      return item;
    }))];
  }

  link(fn) {
    const node = element("button", { type: "button", className: "name" }, this.profile.name(fn).slice(0, 200));
    node.addEventListener("click", () => this.events.chosen(fn, true));
    return node;
  }

  // Down to the heaviest child while it has half of its parent's time or more.
  hotPath() {
    const { tree } = this.profile, rows = [];
    for (let node = 0; ;) {
      const child = tree.end[node] > node + 1 ? node + 1 : 0;
      if (child === 0 || tree.total[child] * 2 < tree.total[node] || tree.total[child] === 0 || rows.length > 60 ||
          tree.fn[child] >= this.profile.functions.length)
        break;
      rows.push(child);
      node = child;
    }
    if (rows.length === 0)
      return [];
    const { profile } = this;
    return [element("h2", {}, "Hot path"), Run.table(["Function", "Total", "of run", "Self"], rows.map((node, depth) => {
      const name = element("td", { className: "text nested" }, this.link(tree.fn[node]));
      name.style.setProperty("--depth", depth);
      return [name, profile.amount(tree.total[node]), Text.percent(tree.total[node], tree.total[0]), profile.amount(tree.self[node])];
    }))];
  }

  threads() {
    const list = this.report.thread_list || [];
    if (list.length === 0)
      return [];
    return [element("h2", {}, "Threads"), Run.table(["Name", "Process", "Thread", "Calls", "Begin", "End", "Waited"],
      list.slice(0, 500).map((t) => [Text.harmless(t.name) || "(no name)", t.pid, t.tid, Text.count(t.calls),
        Text.amount(t.start_ns, "ns"), Text.amount(t.end_ns, "ns"), Text.amount(t.stalled_ns, "ns")])),
    ...(list.length > 500 ? [element("p", {}, "and " + Text.count(list.length - 500) + " more")] : [])];
  }

  facts() {
    const { trace } = this.report;
    const rows = Object.entries(trace).filter(([key, value]) => key !== "notices" && value !== "" && typeof value !== "object")
      .map(([key, value]) => [key.replaceAll("_", " "), typeof value === "number" ? Text.count(value) : Text.harmless(String(value))]);
    return [element("h2", {}, "Facts"), Run.table(["Fact", "Value"], rows)];
  }

  static table(heads, rows) {
    const isText = (i) => i === 0 || heads[i] === "Value";
    return element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": heads[0] + " table" },
      element("table", {}, element("thead", {}, element("tr", {}, ...heads.map((text, i) =>
        element("th", { scope: "col", className: isText(i) ? "text" : "number" }, text)))),
      element("tbody", {}, ...rows.map((cells) => element("tr", {}, ...cells.map((cell, i) =>
        (cell instanceof Node ? cell : element("td", { className: isText(i) ? "text" : "number" }, String(cell)))))))));
  }

  recolor() {}

  key() {
    return false;
  }
}
