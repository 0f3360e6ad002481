// Frames on a canvas: a box for each node of a tree, one row a level, from left to right as far as the range `from` to
// `to` goes. The flame graph is one lane of them, the timeline a lane a thread. Only what is wide enough to be seen is
// drawn, so that the work follows the pixels and not the nodes. Beside the canvas stands a tree for those who hear the
// page instead of seeing it: the focused frame, what is around it, and the way there.
"use strict";

const ROW_PX = 18;
const NARROW_PX = 0.4; // narrower frames are drawn as one grey box
const LANE_GAP_PX = 8;
const NEAR = 40; // frames at each side of the focused one that the tree for screen readers holds

class Frames {
  // `source` answers label(lane, node), look(lane, node) = {fill, ink, spills}, isMatch(fn), describe(lane, node), and is told
  // hovered(frame) and focused(frame); a frame is {lane, node} or null. A label that spills does so
  // where its box is too narrow, as nothing else stands in its row.
  constructor(source, title) {
    this.source = source;
    this.lanes = [];
    this.from = 0;
    this.to = 1;
    this.rootOnTop = true;
    this.focused = this.hovered = null;
    this.canvas = element("canvas", { "aria-hidden": "true" });
    this.number = Frames.made = (Frames.made || 0) + 1; // ids are one for the whole document
    this.tree = element("div", { role: "tree", tabIndex: 0, className: "frames-tree", "aria-label": title });
    this.spacer = element("div", { className: "spacer" }, this.canvas);
    this.host = element("div", { className: "frames" }, this.spacer, this.tree);
    this.host.view = this;
    this.pending = false;
    this.host.addEventListener("scroll", () => this.redraw());
    new ResizeObserver(() => this.redraw()).observe(this.host);
    this.canvas.addEventListener("mousemove", (event) => this.hover(this.at(event.offsetX, event.offsetY)));
    this.canvas.addEventListener("mouseleave", () => this.hover(null));
  }

  show(lanes, from, to) { // lanes: [{tree}]
    let top = 0;
    for (const lane of lanes) {
      lane.top = top;
      top += lane.tree.nrRows * ROW_PX + LANE_GAP_PX;
    }
    this.lanes = lanes;
    this.height = top - LANE_GAP_PX + 1;
    this.spacer.style.height = top + "px";
    this.focused = this.hovered = null;
    this.describeTree();
    this.range(from, to);
  }

  range(from, to) {
    this.from = from;
    this.to = Math.max(to, from + 1e-3);
    this.redraw();
  }

  redraw() {
    if (this.pending)
      return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  // ---- Geometry ----

  get width() {
    return this.spacer.clientWidth;
  }

  row(lane, node) { // where its row begins, from the top of all lanes
    const depth = lane.tree.depth[node];
    return lane.top + (this.rootOnTop ? depth : lane.tree.nrRows - 1 - depth) * ROW_PX;
  }

  box(lane, node) { // in pixels, from the left edge and the top of all lanes
    const scale = this.width / (this.to - this.from);
    const x = (lane.tree.start[node] - this.from) * scale, end = x + lane.tree.total[node] * scale;
    return { x, end, y: this.row(lane, node) };
  }

  // The frame at a place of the canvas, or null.
  at(x, y) {
    const value = this.from + x / this.width * (this.to - this.from);
    const below = y + this.host.scrollTop;
    for (const lane of this.lanes) {
      const row = Math.floor((below - lane.top) / ROW_PX);
      if (below < lane.top || row >= lane.tree.nrRows)
        continue;
      const { tree } = lane, depth = this.rootOnTop ? row : tree.nrRows - 1 - row;
      for (let i = 0; i < tree.nr;) { // down to that depth
        const isThere = value >= tree.start[i] && value < tree.start[i] + tree.total[i];
        if (isThere && tree.depth[i] === depth)
          return { lane, node: i };
        i = isThere ? i + 1 : tree.end[i];
      }
    }
    return null;
  }

  // ---- Drawing ----

  measure() {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.width), height = Math.min(Math.round(this.host.clientHeight), this.height);
    if (this.canvas.width !== width * ratio || this.canvas.height !== height * ratio) {
      this.canvas.width = width * ratio;
      this.canvas.height = height * ratio;
      this.canvas.style.width = width + "px";
      this.canvas.style.height = height + "px";
    }
    const context = this.canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
    context.textBaseline = "middle";
    this.letter = context.measureText("0".repeat(50)).width / 50 || 7.3;
    return context;
  }

  draw() {
    if (this.width === 0 || this.lanes.length === 0)
      return;
    const context = this.measure(), style = getComputedStyle(this.host);
    this.ink = style.getPropertyValue("--ink");
    this.narrow = style.getPropertyValue("--narrow");
    this.mark = style.getPropertyValue("--mark");
    const top = this.host.scrollTop, bottom = top + this.host.clientHeight;
    for (const lane of this.lanes) {
      if (lane.top < bottom && lane.top + lane.tree.nrRows * ROW_PX > top)
        this.drawLane(context, lane, top, bottom);
    }
    for (const [frame, line] of [[this.hovered, 1], [this.focused, 2]]) {
      if (frame)
        this.drawOutline(context, frame, line, top);
    }
  }

  drawLane(context, lane, top, bottom) {
    const { tree } = lane, { start, total, end } = tree;
    const scale = this.width / (this.to - this.from);
    let narrow = null; // frames too narrow to be seen, side by side
    for (let i = 0; i < tree.nr;) {
      const x = (start[i] - this.from) * scale, right = x + total[i] * scale;
      if (right <= 0 || x >= this.width || total[i] === 0) {
        i = end[i];
        continue;
      }
      const y = this.row(lane, i) - top, visible = y > -ROW_PX && y < bottom - top;
      if (right - x < NARROW_PX) {
        if (narrow && narrow.y === y && x - narrow.right < 1) {
          narrow.right = right;
        } else {
          this.drawNarrow(context, narrow);
          narrow = visible ? { x, right, y } : null;
        }
        i = end[i];
        continue;
      }
      if (visible)
        this.drawBox(context, lane, i, Math.max(x, 0), Math.min(right, this.width), y);
      i++;
    }
    this.drawNarrow(context, narrow);
  }

  drawNarrow(context, box) {
    if (!box)
      return;
    context.fillStyle = this.narrow;
    context.fillRect(box.x, box.y, Math.max(box.right - box.x, 0.5), ROW_PX - 1);
  }

  drawBox(context, lane, node, x, right, y) {
    const match = this.source.isMatch(lane.tree.fn[node]);
    const look = match ? { fill: this.mark, ink: "#fff" } : this.source.look(lane, node);
    const gap = right - x > 3 ? 0.5 : 0;
    context.fillStyle = look.fill;
    context.fillRect(x, y, right - x - gap, ROW_PX - 1);
    const label = this.source.label(lane, node);
    const room = Math.floor(((look.spills ? this.width : right) - x - 7) / this.letter);
    context.fillStyle = look.ink;
    if (look.spills && label.length > room) // at the right edge: in front of its box
      context.fillText(label, Math.max(x - 4 - label.length * this.letter, 4), y + ROW_PX / 2);
    else if (room >= 3)
      context.fillText(Text.shorten(label, room), x + 4, y + ROW_PX / 2);
  }

  drawOutline(context, { lane, node }, line, top) {
    const { x, end, y } = this.box(lane, node);
    const left = Math.max(x, 0), right = Math.min(end, this.width);
    if (right < left)
      return;
    context.strokeStyle = this.ink;
    context.lineWidth = line;
    context.strokeRect(left + line / 2, y - top + line / 2, Math.max(right - left - line, 1), ROW_PX - 1 - line);
  }

  // ---- Hover and focus ----

  hover(frame) {
    if (frame?.node === this.hovered?.node && frame?.lane === this.hovered?.lane)
      return;
    this.hovered = frame;
    this.canvas.style.cursor = frame ? "pointer" : "";
    this.source.hovered(frame);
    this.redraw();
  }

  focus(frame, scroll = true) {
    this.focused = frame;
    this.describeTree();
    if (frame && scroll)
      this.scrollTo(frame);
    this.source.focused(frame);
    this.redraw();
  }

  scrollTo({ lane, node }) {
    const y = this.row(lane, node), { host } = this;
    if (y < host.scrollTop + ROW_PX)
      host.scrollTop = y - ROW_PX * 2;
    else if (y + ROW_PX * 2 > host.scrollTop + host.clientHeight)
      host.scrollTop = y + ROW_PX * 3 - host.clientHeight;
  }

  isShown({ lane, node }) { // inside of the range, and wide enough for the eye
    const { x, end } = this.box(lane, node);
    return end > 0 && x < this.width && end - x >= NARROW_PX;
  }

  // One step from the focused frame: "parent", "child", "left" or "right".
  walk(towards) {
    const at = this.focused;
    if (!at) {
      this.focus({ lane: this.lanes[0], node: 0 });
      return;
    }
    const { lane, node } = at, { tree } = lane;
    const siblings = node > 0 ? Array.from(tree.children(tree.parent[node])) : [0];
    const place = siblings.indexOf(node);
    const shown = (i) => i !== undefined && this.isShown({ lane, node: i });
    const next = {
      parent: () => (node > 0 ? tree.parent[node] : undefined),
      child: () => Array.from(tree.children(node)).find(shown),
      left: () => siblings.slice(0, place).reverse().find(shown),
      right: () => siblings.slice(place + 1).find(shown),
    }[towards]();
    if (next !== undefined)
      this.focus({ lane, node: next });
    else if (node === 0) // from lane to lane
      this.focus({ lane: this.lanes[this.lanes.indexOf(lane) + (towards === "left" ? -1 : 1)] || lane, node: 0 });
  }

  // The next frame in the order of a walk for which `wanted(fn)` holds, around the end if need be; null. Of those that
  // can be seen now, or of all.
  find(wanted, direction, ofAll = false) {
    const found = [], focus = this.focused;
    let nrBefore = 0; // that stand before the focused one
    let passed = focus === null;
    for (const lane of this.lanes) {
      for (let node = 0; node < lane.tree.nr; node++) {
        const isFocus = focus !== null && lane === focus.lane && node === focus.node;
        passed ||= isFocus;
        if (isFocus || node === 0 || !wanted(lane.tree.fn[node]) || !(ofAll || this.isShown({ lane, node })))
          continue;
        found.push({ lane, node });
        nrBefore += passed ? 0 : 1;
      }
    }
    const at = direction > 0 ? nrBefore : nrBefore - 1;
    return found[at] || found[direction > 0 ? 0 : found.length - 1] || null;
  }

  idOf(node) {
    return "frames-" + this.number + "-" + node;
  }

  // What a screen reader is told: path, siblings and children of the focused frame, and which one has the focus.
  describeTree() {
    const { lane, node } = this.focused || { lane: this.lanes[0], node: 0 }, { tree } = lane, items = [];
    const item = (i, place, size) => items.push(element("div", { role: "treeitem", id: this.idOf(i),
      "aria-level": tree.depth[i] + 1, "aria-posinset": place + 1, "aria-setsize": size,
      "aria-selected": String(i === node), ...(tree.end[i] > i + 1 && { "aria-expanded": String(i === node) }) },
    this.source.describe(lane, i)));
    const near = (all, middle) => all.map((i, place) => [i, place]).slice(Math.max(0, middle - NEAR), middle + NEAR);
    for (const i of [0, ...tree.path(node).slice(0, -1)].filter((i) => i !== node))
      item(i, 0, 1);
    const siblings = node > 0 ? Array.from(tree.children(tree.parent[node])) : [0];
    for (const [i, place] of near(siblings, siblings.indexOf(node))) {
      item(i, place, siblings.length);
      if (i !== node)
        continue;
      const children = Array.from(tree.children(node));
      near(children, 0).forEach(([child, at]) => item(child, at, children.length));
    }
    this.tree.replaceChildren(...items);
    this.tree.setAttribute("aria-activedescendant", this.idOf(node));
  }
}
