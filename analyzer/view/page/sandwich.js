// One function between those that call it and those that it calls.
"use strict";

class Sandwich {
  constructor(profile, events) {
    this.profile = profile;
    this.events = events;
    this.fn = -1;
    this.above = element("div", { className: "half" });
    this.below = element("div", { className: "half" });
    this.middle = element("p", { className: "middle" });
    this.host = element("section", { className: "sandwich" }, element("h2", {}, "Called by"), this.above, this.middle,
      element("h2", {}, "Calls"), this.below, ...(profile.isDiff ? [element("p", { className: "note" }, Comparison.legend())] : []));
    this.host.view = this;
  }

  show(fn) {
    if (fn === this.fn)
      return;
    this.fn = fn;
    const { profile } = this, sum = profile.of(fn);
    this.middle.replaceChildren(element("b", {}, profile.name(fn)), ": " + (profile.isDiff ?
      Comparison.sentence(profile, sum.base, sum.now) : "total " + profile.amount(sum.total) + ", self " +
      profile.amount(sum.self) + (profile.hasCalls ? ", " + Text.counted(sum.calls, "call") : "") + ", " +
      Text.percent(sum.total, profile.tree.total[0]) + " of the run"));
    this.callers = this.half(this.above, profile.tree.callers(fn), false, "Callers");
    this.callees = this.half(this.below, profile.tree.callees(fn), true, "Callees");
    this.active = this.callees;
  }

  // The trees' roots have the function as their only child: it is what is zoomed to.
  half(host, tree, rootOnTop, title) {
    const palette = new Palette(), { profile } = this, { sides } = tree;
    const isCompared = (node) => sides !== null && node > 0;
    const frames = new Frames({
      label: (lane, node) => (isCompared(node) ? Comparison.label(profile.name(tree.fn[node]), sides, node)
        : profile.name(tree.fn[node])),
      isMatch: () => false,
      look: (lane, node) => (isCompared(node) ? Comparison.look(palette, sides, node)
        : tree.fn[node] < 0 ? palette.root() : palette.of(profile, tree.fn[node], "name")),
      describe: (lane, node) => this.describe(lane.tree, node),
      hovered: (frame) => this.tell(frame),
      focused: (frame) => this.tell(frame),
    }, title);
    frames.rootOnTop = rootOnTop;
    if (sides)
      tree.widthBy("both");
    host.replaceChildren(frames.host);
    frames.show([{ tree }], 0, tree.total[0] || 1);
    frames.host.scrollTop = rootOnTop ? 0 : frames.height;
    frames.canvas.addEventListener("click", (event) => {
      const frame = frames.at(event.offsetX, event.offsetY);
      this.active = frames;
      frames.tree.focus({ preventScroll: true });
      if (frame && frame.node > 0)
        frames.focus(frame, false);
    });
    frames.canvas.addEventListener("dblclick", () => this.goTo());
    frames.tree.addEventListener("focus", () => {
      this.active = frames;
    });
    return frames;
  }

  describe(tree, node) {
    const { profile } = this, { sides } = tree;
    if (sides && node > 0)
      return profile.name(tree.fn[node]) + ": " +
        Comparison.sentence(profile, Comparison.at(sides.base, node), Comparison.at(sides.now, node));
    return profile.name(tree.fn[node]) + ": " + profile.amount(tree.total[node]) + ", " +
      Text.percent(tree.total[node], tree.total[0]) + " of the function" +
      (profile.hasCalls && node > 0 ? ", " + Text.counted(tree.calls[node], "call") : "");
  }

  tell(frame) {
    this.events.told(frame ? this.describe(frame.lane.tree, frame.node) : "");
  }

  goTo() {
    const frame = this.active.focused;
    if (frame && frame.lane.tree.fn[frame.node] >= 0)
      this.events.chosen(frame.lane.tree.fn[frame.node], true);
  }

  recolor() {
    const { fn } = this;
    this.fn = -1;
    if (fn >= 0)
      this.show(fn);
  }

  key(event) {
    if (this.fn < 0)
      return false;
    const up = this.active.rootOnTop ? "parent" : "child", down = up === "parent" ? "child" : "parent";
    const actions = {
      ArrowUp: () => this.active.walk(up), ArrowDown: () => this.active.walk(down),
      ArrowLeft: () => this.active.walk("left"), ArrowRight: () => this.active.walk("right"), Enter: () => this.goTo(),
    };
    if (!Object.hasOwn(actions, event.key))
      return false;
    actions[event.key]();
    return true;
  }
}
