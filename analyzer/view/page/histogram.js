// How long the calls of a function took: bars over a logarithmic scale, by number of calls or by the time in them.
"use strict";

const HISTOGRAM_PX = { least: 320, most: 1100, height: 300, left: 60, bottom: 40, top: 26, label: 72 };

class Histogram {
  // `text`: what view/chart_data.c wrote; of each function the number of buckets, then of each bucket how far it is from
  // the one before, and its calls.
  constructor(profile, text) {
    this.profile = profile;
    const numbers = Tree.numbers(text), next = () => numbers.next().value;
    this.buckets = profile.functions.map(() => {
      let bucket = 0;
      return Array.from({ length: next() }, () => ({ bucket: bucket += next(), calls: next() }));
    });
    this.byTime = false;
    this.fn = -1;
    this.choice = element("button", { type: "button" }, "By time");
    this.choice.setAttribute("aria-pressed", "false");
    this.choice.addEventListener("click", () => {
      this.byTime = !this.byTime;
      this.choice.setAttribute("aria-pressed", String(this.byTime));
      this.draw();
    });
    this.title = element("h2");
    this.picture = element("div", { className: "bars" });
    this.body = element("tbody");
    this.host = element("section", { className: "histogram" }, this.title,
      element("div", { className: "toolbar" }, this.choice), this.picture, this.table());
    this.host.view = this;
    this.width = 0; // that it was drawn for
    new ResizeObserver(() => this.fn >= 0 && this.room() !== this.width && this.draw()).observe(this.host);
  }

  room() {
    return Math.min(Math.max(this.host.clientWidth, HISTOGRAM_PX.least), HISTOGRAM_PX.most);
  }

  table() {
    return element("details", {}, element("summary", {}, "The same as a table"), element("table", {},
      element("thead", {}, element("tr", {}, ...["From", "To", "Calls", "Calls %", "Time", "Time %"].map((text) =>
        element("th", { scope: "col", className: "number" }, text)))), this.body));
  }

  // The bounds of a bucket of profile/histogram.h.
  static least(bucket) {
    return bucket < 64 ? bucket : (bucket % 32 + 32) * 2 ** (Math.floor(bucket / 32) - 1);
  }

  // Neighbours together: four bars an octave. A call counts with the middle of its bucket.
  bars(fn) {
    const bars = new Map();
    for (const { bucket, calls } of this.buckets[fn]) {
      const least = Histogram.least(bucket), middle = (least + Histogram.least(bucket + 1) - 1) / 2;
      const key = least === 0 ? -4 : Math.floor(Math.log2(least) * 4 + 1e-9);
      const bar = bars.get(key) || { key, calls: 0, time: 0 };
      bar.calls += calls;
      bar.time += calls * middle;
      bars.set(key, bar);
    }
    return Array.from(bars.values());
  }

  show(fn) {
    this.fn = fn;
    this.draw();
  }

  draw() {
    const { profile, fn } = this, f = profile.functions[fn];
    this.title.textContent = "How long calls of " + profile.name(fn).slice(0, 200) + " took, as recorded, with what tracing cost";
    const bars = this.bars(fn), known = bars.length > 0;
    this.choice.hidden = !known;
    if (!known) {
      this.picture.replaceChildren(element("p", {}, "Single calls of it are not known."));
      this.body.replaceChildren();
      return;
    }
    this.picture.replaceChildren(this.svg(bars, f));
    const calls = bars.reduce((sum, bar) => sum + bar.calls, 0), time = bars.reduce((sum, bar) => sum + bar.time, 0);
    this.body.replaceChildren(...bars.map((bar) => element("tr", {}, ...[
      Text.amount(Histogram.bound(bar.key), "ns"), Text.amount(Histogram.bound(bar.key + 1), "ns"), Text.count(bar.calls),
      Text.percent(bar.calls, calls), Text.amount(bar.time, "ns"), Text.percent(bar.time, time),
    ].map((text) => element("td", { className: "number" }, text)))));
  }

  static bound(key) {
    return key < 0 ? 0 : 2 ** (key / 4);
  }

  svg(bars, f) {
    const { height, left, bottom, top, label } = HISTOGRAM_PX, width = this.width = this.room();
    const node = (name, attributes, text) => {
      const made = document.createElementNS("http://www.w3.org/2000/svg", name);
      for (const [key, value] of Object.entries(attributes))
        made.setAttribute(key, value);
      if (text !== undefined)
        made.textContent = text;
      return made;
    };
    const first = bars[0].key - 1, last = Math.max(bars[bars.length - 1].key + 2, first + 16);
    const x = (key) => left + (key - first) / (last - first) * (width - left - 10);
    const value = (bar) => (this.byTime ? bar.time : bar.calls), most = Math.max(...bars.map(value));
    const y = (v) => height - bottom - v / most * (height - bottom - top);
    const show = (v) => (this.byTime ? Text.amount(Math.round(v), "ns") : Text.count(v));
    const picture = node("svg", { width, height, role: "img", "aria-label":
      "Bars of " + Text.counted(bars.length, "class") + " of durations; the table below has the numbers" });
    picture.append(node("text", { x: left - 6, y: top + 4, "text-anchor": "end", class: "quiet" }, show(most)));
    for (const bar of bars) {
      const rect = node("rect", { x: x(bar.key), y: y(value(bar)), width: Math.max(x(bar.key + 1) - x(bar.key) - 1, 1),
        height: Math.max(height - bottom - y(value(bar)), 0.5), class: "bar" });
      rect.append(node("title", {}, Text.amount(Histogram.bound(bar.key), "ns") + " to " +
        Text.amount(Histogram.bound(bar.key + 1), "ns") + ": " + show(value(bar))));
      picture.append(rect);
    }
    const every = Math.max(1, Math.ceil((last - first) * label / (width - left) / 4)) * 4;
    for (let key = Math.ceil(first / 4) * 4; key <= last; key += every)
      picture.append(node("text", { x: x(key), y: height - bottom + 18, "text-anchor": "middle", class: "quiet" },
        Text.amount(Math.round(Histogram.bound(key)), "ns")));
    for (const [name, row] of [["p50", 0], ["p99", 1]]) {
      const at = f[name + "_ns"];
      if (at === undefined || at === null)
        continue;
      const place = x(at > 0 ? Math.log2(at) * 4 : -4);
      picture.append(node("line", { x1: place, x2: place, y1: top - 8, y2: height - bottom, class: "mark" }),
        node("text", { x: place + (place + label < width ? 4 : -4), y: top - 12 + row * 13, class: "quiet",
          "text-anchor": place + label < width ? "start" : "end" }, name + " " + Text.amount(at, "ns")));
    }
    return picture;
  }

  recolor() {}

  key() {
    return false;
  }
}
