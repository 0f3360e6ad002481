// The call tree as rows that open and close; the same tree as the flame graph, for reading and for screen readers.
"use strict";

class CallTree {
  constructor(profile, events) {
    this.profile = profile;
    this.events = events;
    this.tree = profile.tree;
    this.body = element("tbody");
    this.columns = CallTree.columns(profile);
    const heads = ["Function", ...this.columns.map(({ title }) => title)];
    this.grid = element("table", { role: "treegrid", "aria-label": "Call tree" }, element("thead", {},
      element("tr", {}, ...heads.map((text, i) => element("th", { scope: "col", className: i > 0 ? "number" : "text" }, text)))),
    this.body);
    this.host = element("section", { className: "calltree" }, element("div", { className: "scroll" }, this.grid));
    this.host.view = this;
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.body.addEventListener("focusin", (event) => this.rove(event.target.closest("tr")));
    this.fill();
  }

  // What is said of a node: the value, and how it reads. Of two profiles: of both, and how the second differs.
  static columns(profile) {
    const { tree } = profile, { sides } = tree, amount = (v) => profile.amount(v);
    const column = (title, { [title.split(" ")[0].toLowerCase()]: values }, show) => (
      { title, value: (node) => values[node], text: (node) => show(values[node], node) });
    const calls = (v, node) => (node === 0 ? "" : Text.count(v));
    if (!sides)
      return [column("Total", tree, amount), column("Total %", tree, (v) => Text.percent(v, tree.total[0])),
        column("Self", tree, amount), ...(profile.hasCalls ? [column("Calls", tree, calls)] : [])];
    const { base, now } = sides;
    const change = (what) => ({ title: "Change", value: (node) => now[what][node] - base[what][node],
      text: (node) => Text.change(base[what][node], now[what][node]) });
    return [column("Total base", base, amount), column("Total new", now, amount), change("total"),
      column("Self base", base, amount), column("Self new", now, amount), change("self"),
      ...(profile.hasCalls ? [column("Calls base", base, calls), column("Calls new", now, calls)] : [])];
  }

  // Open from the start: the way that most of the time takes.
  fill() {
    const first = this.row(0);
    first.tabIndex = 0;
    this.body.replaceChildren(first);
    for (let row = first; row && row.getAttribute("aria-expanded") === "false";) {
      this.open(row);
      const child = row.nextElementSibling;
      const part = child ? this.tree.total[child.node] / (this.tree.total[row.node] || 1) : 0;
      row = part >= 0.5 ? child : null;
    }
  }

  row(node) {
    const { tree, profile } = this, fn = tree.fn[node], depth = tree.depth[node];
    const name = element("span", { title: profile.name(fn).slice(0, 2000) }, profile.name(fn).slice(0, 300));
    const arrow = element("span", { className: "arrow", "aria-hidden": "true" });
    const cells = [element("td", { role: "gridcell", className: "text nested" }, arrow, name)];
    name.style.cursor = "pointer";
    cells[0].style.setProperty("--depth", Math.min(depth, 60));
    for (const { value, text } of this.columns)
      cells.push(element("td", { role: "gridcell", className: "number", "data-value": value(node) }, text(node)));
    const row = element("tr", { tabIndex: -1, "aria-level": depth + 1 }, ...cells);
    if (tree.end[node] > node + 1)
      row.setAttribute("aria-expanded", "false");
    row.node = node;
    return row;
  }

  open(row) {
    if (row.getAttribute("aria-expanded") !== "false")
      return;
    row.setAttribute("aria-expanded", "true");
    const children = Array.from(this.tree.children(row.node));
    const rows = children.slice(0, 500).map((node) => this.row(node));
    rows.forEach((child, i) => {
      child.setAttribute("aria-posinset", i + 1);
      child.setAttribute("aria-setsize", children.length);
    });
    row.after(...rows);
  }

  close(row) {
    if (row.getAttribute("aria-expanded") !== "true")
      return;
    row.setAttribute("aria-expanded", "false");
    while (row.nextElementSibling && this.tree.depth[row.nextElementSibling.node] > this.tree.depth[row.node])
      row.nextElementSibling.remove();
  }

  clicked(event) {
    const row = event.target.closest("tr");
    if (!row)
      return;
    row.focus();
    if (row.getAttribute("aria-expanded") === "true")
      this.close(row);
    else
      this.open(row);
  }

  rove(row) { // one row is in the order of the Tab key
    if (!row)
      return;
    for (const other of this.body.querySelectorAll('tr[tabindex="0"]'))
      other.tabIndex = -1;
    row.tabIndex = 0;
    if (this.tree.fn[row.node] >= 0)
      this.events.chosen(this.tree.fn[row.node]);
  }

  key(event) {
    const row = document.activeElement.closest?.(".calltree tbody tr") || this.body.querySelector('tr[tabindex="0"]');
    const level = this.tree.depth[row.node];
    const parent = () => {
      let above = row.previousElementSibling;
      while (above && this.tree.depth[above.node] >= level)
        above = above.previousElementSibling;
      return above;
    };
    const actions = {
      ArrowDown: () => row.nextElementSibling?.focus(),
      ArrowUp: () => row.previousElementSibling?.focus(),
      ArrowRight: () => (row.getAttribute("aria-expanded") === "false" ? this.open(row) : row.nextElementSibling?.focus()),
      ArrowLeft: () => (row.getAttribute("aria-expanded") === "true" ? this.close(row) : parent()?.focus()),
      Enter: () => (row.getAttribute("aria-expanded") === "true" ? this.close(row) : this.open(row)),
      Home: () => this.body.firstElementChild.focus(),
      End: () => this.body.lastElementChild.focus(),
    };
    if (!Object.hasOwn(actions, event.key))
      return false;
    actions[event.key]();
    return true;
  }
}
