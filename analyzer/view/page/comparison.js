// How one side of a comparison differs from the other, for frames, rows and sentences; the same rules as
// view/flamegraph.c has.
"use strict";

const Comparison = {
  // What a side has in a node.
  at(side, node) {
    return { total: side.total[node], self: side.self[node], calls: side.calls[node] };
  },

  label(name, { base, now }, node) {
    return name + " " + Text.change(base.total[node], now.total[node]);
  },

  // How much more or less than in the base, of the frame itself; small changes have no colour.
  color(palette, { base, now }, node) {
    const before = base.total[node], after = now.total[node];
    if (base.calls[node] + before === 0)
      return palette.new;
    if (now.calls[node] + after === 0)
      return palette.gone;
    const change = before > 0 ? (after - before) / before : 1;
    const least = 0.002 * Math.max(base.total[0], now.total[0]);
    if (Math.abs(change) < 0.03 || Math.abs(after - before) < least)
      return palette.same;
    return palette.mix(palette.same, change > 0 ? palette.more : palette.less, Math.min(Math.abs(change) / 0.5, 1));
  },

  look(palette, sides, node) {
    return { fill: Comparison.color(palette, sides, node), ink: "#111" };
  },

  legend() {
    const items = [["less", "−50 %"], ["same", "same"], ["more", "+50 %"], ["new", "new"], ["gone", "gone"]];
    return element("span", { className: "legend", role: "img", "aria-label":
      "Colours: blue took less time, orange more, yellow is new, dark grey is gone" },
      ...items.map(([name, text]) => element("span", { className: "swatch " + name }, text)));
  },

  // `base` and `now`: total, self and calls of the same thing.
  sentence(profile, base, now) {
    const line = (what, show) => what + " " + show(base[what]) + " → " + show(now[what]) + " (" +
      Text.change(base[what], now[what]) + ")";
    const amount = (value) => profile.amount(value);
    return [line("total", amount), line("self", amount), ...(profile.hasCalls ? [line("calls", Text.count)] : [])].join(", ");
  },
};
