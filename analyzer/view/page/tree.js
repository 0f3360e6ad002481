// A call tree in columns. Nodes stand in the order of a walk: parents before children, the heaviest sibling first; node
// 0 is the root, whose function is -1. Times and calls are those of the profile, to the last digit.
"use strict";

class Tree {
  constructor(nr) {
    this.nr = nr;
    for (const name of ["parent", "depth", "fn", "end"]) // end: the first node behind the subtree
      this[name] = new Int32Array(nr);
    for (const name of ["self", "total", "calls", "start"])
      this[name] = new Float64Array(nr); // start: where it begins when siblings stand side by side
    this.sides = null; // of two profiles: what each has in every node, { base, now } of { self, total, calls }
    this.fn[0] = -1;
    this.nrRows = 1;
  }

  // Numbers of seven bits a byte, the lowest first, in base64 (base/columns.c).
  static *numbers(text) {
    const bytes = atob(text);
    let value = 0, scale = 1;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes.charCodeAt(i);
      value += (byte & 127) * scale;
      scale *= 128;
      if (byte < 128) {
        yield value;
        value = 0;
        scale = 1;
      }
    }
  }

  // What view/tree_data.c wrote: the number of nodes but the root; of each, how many levels up from the node before it
  // its parent lies, its function, calls and self, and where there are two profiles, calls and self of the first.
  static decode(text, hasBase) {
    const numbers = Tree.numbers(text);
    const next = () => numbers.next().value;
    const tree = new Tree(next() + 1);
    const side = () => ({ self: new Float64Array(tree.nr), total: null, calls: new Float64Array(tree.nr) });
    const now = side(), base = hasBase ? side() : null;
    for (let i = 1; i < tree.nr; i++) {
      let parent = i - 1;
      for (let up = next(); up > 0; up--)
        parent = tree.parent[parent];
      tree.parent[i] = parent;
      tree.fn[i] = next();
      for (const values of hasBase ? [now, base] : [now]) {
        values.calls[i] = next();
        values.self[i] = next();
      }
    }
    return hasBase ? tree.compare(base, now) : tree.settle(now);
  }

  // Two profiles in one tree, drawn as wide as the second.
  compare(base, now) {
    base.total = this.settle(base).total;
    now.total = this.settle(now).total;
    this.sides = { base, now };
    return this.settle(now);
  }

  // Depths, totals, ends, and where each node begins when siblings stand side by side, by one side's times.
  settle({ self, calls }) {
    const { nr, parent, depth, end } = this;
    const total = Float64Array.from(self), start = new Float64Array(nr);
    Object.assign(this, { self, calls, total, start });
    for (let i = 1; i < nr; i++) {
      depth[i] = depth[parent[i]] + 1;
      this.nrRows = Math.max(this.nrRows, depth[i] + 1);
    }
    for (let i = nr - 1; i > 0; i--) {
      end[i] = Math.max(end[i], i + 1);
      total[parent[i]] += total[i];
      end[parent[i]] = Math.max(end[parent[i]], end[i]);
    }
    end[0] = nr;
    const next = new Float64Array(nr); // where a node's next child begins
    for (let i = 1; i < nr; i++) {
      start[i] = next[i] = next[parent[i]];
      next[parent[i]] += total[i];
    }
    return this;
  }

  // Of two profiles: let the widths be what "base" took, or "now", or whichever was more ("both").
  widthBy(side) {
    const { base, now } = this.sides;
    if (side === "both")
      this.settle({ self: base.self.map((time, i) => Math.max(time, now.self[i])), calls: now.calls });
    else
      this.settle(this.sides[side]);
  }

  *children(node) {
    for (let i = node + 1; i < this.end[node]; i = this.end[i])
      yield i;
  }

  path(node) { // from below the root to the node
    const nodes = [];
    for (let i = node; i > 0; i = this.parent[i])
      nodes.unshift(i);
    return nodes;
  }

  // The outermost calls of functions for which `wanted` (by number of the function) is true.
  *outermost(wanted) {
    for (let i = 1; i < this.nr;) {
      if (wanted(this.fn[i])) {
        yield i;
        i = this.end[i];
      } else {
        i++;
      }
    }
  }

  // Every function's own time by its callers: the root's children are the functions, below each those that called it.
  reversed() {
    const builder = new TreeBuilder(this);
    for (let i = 1; i < this.nr; i++) {
      if (builder.sides.some(({ from }) => from.self[i] > 0 || from.calls[i] > 0))
        builder.addCallers(i, "self");
    }
    return builder.finish();
  }

  // Who calls a function, with the time through each.
  callers(fn) {
    const builder = new TreeBuilder(this);
    for (const i of this.outermost((f) => f === fn))
      builder.addCallers(i, "total");
    return builder.finish();
  }

  // What a function calls, wherever it was called from.
  callees(fn) {
    const builder = new TreeBuilder(this);
    for (const i of this.outermost((f) => f === fn))
      builder.addSubtree(i, false);
    return builder.finish();
  }

  // Without some functions and what they call: the time of those counts as their callers' own.
  without(isHidden) {
    const builder = new TreeBuilder(this);
    builder.addSubtree(0, false, isHidden);
    return builder.finish();
  }

  // Calls of a function right below itself count to the outer one.
  collapsed() {
    const builder = new TreeBuilder(this);
    builder.addSubtree(0, true);
    return builder.finish();
  }
}

// A tree made of the nodes of another one; of two profiles, when that one has two.
class TreeBuilder {
  constructor(tree) {
    this.tree = tree;
    this.sides = (tree.sides ? [tree.sides.base, tree.sides.now] : [tree]).map((from) => ({ from, self: [0], calls: [0] }));
    this.parent = [0];
    this.fn = [-1];
    this.kid = [0]; // the child that was made last; 0: none
    this.next = [0]; // the sibling that was made before
    this.top = new Map(); // the root's children by function: there can be many
  }

  child(parent, fn) {
    let node = parent === 0 ? this.top.get(fn) || 0 : this.kid[parent];
    while (node !== 0 && this.fn[node] !== fn)
      node = this.next[node];
    if (node !== 0)
      return node;
    node = this.fn.length;
    this.parent.push(parent);
    this.fn.push(fn);
    for (const side of this.sides) {
      side.self.push(0);
      side.calls.push(0);
    }
    this.kid.push(0);
    this.next.push(this.kid[parent]);
    this.kid[parent] = node;
    if (parent === 0)
      this.top.set(fn, node);
    return node;
  }

  // The way from a node to the root, as a path; the calls count on all of it, the time ("self" or "total") at its end.
  addCallers(node, time) {
    const { tree, sides } = this;
    let at = 0;
    for (let i = node; i > 0; i = tree.parent[i]) {
      at = this.child(at, tree.fn[i]);
      for (const { from, calls } of sides)
        calls[at] += from.calls[node];
    }
    for (const { from, self } of sides)
      self[at] += from[time][node];
  }

  // A node and all below it, at the root (node 0: only what is below).
  addSubtree(node, collapse, isHidden = () => false) {
    const { tree, sides } = this;
    const places = new Map([[tree.parent[node], 0], [0, 0]]);
    for (let i = Math.max(node, 1); i < tree.end[node]; i++) {
      const above = places.get(tree.parent[i]);
      if (isHidden(tree.fn[i])) {
        for (const { from, self } of sides)
          self[above] += from.total[i];
        i = tree.end[i] - 1;
        continue;
      }
      const same = collapse && above > 0 && this.fn[above] === tree.fn[i];
      const at = same ? above : this.child(above, tree.fn[i]);
      places.set(i, at);
      for (const { from, self, calls } of sides) {
        self[at] += from.self[i];
        calls[at] += from.calls[i];
      }
    }
  }

  // What a subtree weighs, of both profiles together where there are two.
  weights() {
    const weights = new Float64Array(this.fn.length);
    for (let i = weights.length - 1; i >= 0; i--) { // parents were made before their children
      for (const { self } of this.sides)
        weights[i] += self[i];
      if (i > 0)
        weights[this.parent[i]] += weights[i];
    }
    return weights;
  }

  finish() {
    const nr = this.fn.length, weights = this.weights(), tree = new Tree(nr), places = new Int32Array(nr), open = [0];
    const columns = this.sides.map(() => ({ self: new Float64Array(nr), calls: new Float64Array(nr) }));
    for (let place = 0; open.length > 0; place++) {
      const node = open.pop(), kids = [];
      places[node] = place;
      tree.parent[place] = places[this.parent[node]];
      tree.fn[place] = this.fn[node];
      this.sides.forEach(({ self, calls }, i) => {
        columns[i].self[place] = self[node];
        columns[i].calls[place] = calls[node];
      });
      for (let kid = this.kid[node]; kid !== 0; kid = this.next[kid])
        kids.push(kid);
      kids.sort((a, b) => weights[a] - weights[b] || this.fn[b] - this.fn[a]);
      for (const kid of kids)
        open.push(kid);
    }
    return columns.length === 2 ? tree.compare(columns[0], columns[1]) : tree.settle(columns[0]);
  }
}
