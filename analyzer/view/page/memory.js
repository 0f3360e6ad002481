// The heap: over time, by function, and as flame graphs of what it weighs. view/heap_page.c wrote the data.
"use strict";

const MEMORY_ROWS = 300;

class Memory {
  constructor(data) {
    this.data = data;
    this.made = {}; // what was shown already, by choice
    this.choice = element("select", { "aria-label": "What to show of the memory" });
    for (const [value, text] of [["time", "Over time"], ["functions", "Functions"],
      ...data.weights.map((weight, i) => [String(i), "Flame graph: " + weight.title])])
      this.choice.append(element("option", { value }, text));
    this.body = element("div", { className: "half" });
    this.host = element("section", { className: "memory" },
      element("div", { className: "toolbar" }, this.choice, element("span", { className: "matched" }, data.summary)),
      this.body);
    this.choice.addEventListener("change", () => this.fill());
    this.fill();
  }

  fill() {
    const { value } = this.choice;
    this.made[value] ||= value === "time" ? this.picture() : value === "functions" ? this.table() : this.flame(+value);
    this.body.replaceChildren(this.made[value].host);
    this.made[value].shown?.();
  }

  picture() {
    const host = element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": "Memory over time" });
    host.append(document.getElementById("heap-picture").content.cloneNode(true));
    return { host };
  }

  flame(i) {
    const weight = this.data.weights[i], nothing = () => {};
    return new Flame(new Profile(weight, weight.functions), { rootOnTop: true },
      { changed: nothing, back: () => false, chosen: nothing, told: nothing });
  }

  // ---- By function ----

  static columns() {
    return [["Function", "label"], ["Peak", "peak_bytes"], ["Blocks", "peak_blocks"], ["Allocated", "allocated_bytes"],
      ["Allocations", "allocated_blocks"], ["Temporary", "temporary"], ["Left", "left_bytes"], ["Blocks", "left_blocks"],
      ["Source", "place"]].map(([title, key]) => ({ title, key, isText: key === "label" || key === "place" }));
  }

  table() {
    const columns = Memory.columns(), body = element("tbody"), rows = Array.from(this.data.functions);
    let sorted = columns[1], falling = true;
    const heads = columns.map((column) => {
      const button = element("button", { type: "button" }, column.title);
      button.addEventListener("click", () => {
        falling = sorted === column ? !falling : !column.isText;
        sorted = column;
        fill();
      });
      return element("th", { scope: "col", className: column.isText ? "text" : "number" }, button);
    });
    const fill = () => {
      const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
      rows.sort((a, b) => (falling ? -1 : 1) * compare(a[sorted.key], b[sorted.key]));
      heads.forEach((head, i) => {
        if (columns[i] === sorted)
          head.setAttribute("aria-sort", falling ? "descending" : "ascending");
        else
          head.removeAttribute("aria-sort");
      });
      body.replaceChildren(...rows.slice(0, MEMORY_ROWS).map((row) => Memory.row(row, columns)));
    };
    fill();
    const left = rows.length > MEMORY_ROWS ? [element("p", { className: "note" },
      "… and " + Text.counted(rows.length - MEMORY_ROWS, "more function"))] : [];
    return { host: element("div", { className: "scroll functions", tabIndex: 0, role: "region",
      "aria-label": "Memory by function" }, element("table", {},
      element("caption", { className: "unseen" }, "Memory by function"),
      element("thead", {}, element("tr", {}, ...heads)), body), ...left) };
  }

  static row(row, columns) {
    return element("tr", {}, ...columns.map(({ key, isText }) => {
      if (key === "label")
        return element("th", { scope: "row", className: "text" }, Text.harmless(row.label).slice(0, 300));
      const place = row.line > 0 ? row.place + ":" + row.line : row.place;
      return isText ? element("td", { className: "text" }, Text.harmless(place))
        : element("td", { className: "number", "data-value": row[key] }, Text.count(row[key]));
    }));
  }

  // ---- As the page wants it of a view ----

  shown() {
    this.made[this.choice.value].shown?.();
  }

  recolor() {
    for (const part of Object.values(this.made))
      part.recolor?.();
  }

  key(event) {
    return this.made[this.choice.value].key?.(event) || false;
  }
}
