// The profile that the scripts show: functions, the call tree, and how its values read.
"use strict";

class Profile {
  // `data` is what view/tree_data.c wrote; `functions` have label, module, file, line and kind.
  constructor(data, functions) {
    this.unit = data.unit;
    this.hasCalls = data.has_calls;
    this.pruned = data.pruned;
    this.functions = functions;
    this.labels = functions.map((f) => Text.harmless(f.label));
    this.colors = { name: [], module: [], file: [] };
    for (let i = 0; i < functions.length; i++) {
      const kind = { region: "r", unknown: "u" }[functions[i].kind];
      Object.values(this.colors).forEach((list, way) => list.push(kind || data.colors[3 * i + way]));
    }
    this.tree = Tree.decode(data.nodes, data.has_base);
    this.totals = null;
  }

  get isDiff() {
    return this.tree.sides !== null;
  }

  name(fn) { // the function behind the last one stands for what was left out
    return fn < 0 ? "all" : fn < this.functions.length ? this.labels[fn] : "…";
  }

  amount(value) {
    return Text.amount(value, this.unit);
  }

  // What is known of a function as a whole: self, total (recursion counted once) and calls, by number; of two profiles
  // those of each, { base, now }.
  of(fn) {
    const { sides } = this.tree;
    if (!this.totals) {
      const [one, two] = sides ? [sides.base, sides.now].map((side) => this.sums(side)) : [this.sums(this.tree)];
      this.totals = sides ? one.map((base, i) => ({ base, now: two[i] })) : one;
    }
    return this.totals[fn];
  }

  // How much of the time is the function's own, beside the one that has most: 0 to HEAT_MAX.
  heat(fn) {
    this.most ??= this.functions.reduce((most, f, i) => Math.max(most, this.of(i).self), 0);
    return this.most === 0 ? 0 : Math.round(HEAT_MAX * Math.sqrt(this.of(fn).self / this.most));
  }

  sums({ self, total, calls }) {
    const { tree } = this, active = new Map();
    const sums = Array.from({ length: this.functions.length + 1 }, () => ({ self: 0, total: 0, calls: 0 }));
    for (let i = 1; i < tree.nr; i++) {
      const sum = sums[tree.fn[i]];
      sum.self += self[i];
      sum.calls += calls[i];
      if ((active.get(tree.fn[i]) || 0) > i) // inside of another call of it
        continue;
      active.set(tree.fn[i], tree.end[i]);
      sum.total += total[i];
    }
    return sums;
  }
}
