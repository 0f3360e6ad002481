// The colours of looks.css, where a canvas can use them.
"use strict";

const HEAT_MAX = 7; // as view/flamegraph.c has it

class Palette {
  // What has a colour of its own, and what that is called.
  static ways = new Map([["name", "name"], ["module", "module"], ["file", "file"], ["self", "own time"]]);

  constructor() {
    this.read(document.documentElement);
  }

  read(host) {
    const style = getComputedStyle(host);
    this.colors = {};
    for (const letter of "0123456789abcdefru")
      this.colors[letter] = style.getPropertyValue("--c" + letter).trim();
    for (const name of ["all", "ink", "quiet", "narrow", "more", "less", "same", "new", "gone"])
      this[name] = style.getPropertyValue("--" + name).trim();
  }

  root() {
    return { fill: this.all, ink: this.ink };
  }

  of(profile, fn, by) { // by a member of Palette.ways; what was left out has no colour of its own
    if (by === "self" && fn < profile.functions.length)
      return { fill: this.mix(this.same, this.more, profile.heat(fn) / HEAT_MAX), ink: "#111" };
    return { fill: this.colors[profile.colors[by]?.[fn]] || this.narrow, ink: this.ink };
  }

  // Between two of them: part 0 is the first one, 1 the second.
  mix(from, to, part) {
    const at = (place) => Math.round(parseInt(from.slice(place, place + 2), 16) * (1 - part) +
      parseInt(to.slice(place, place + 2), 16) * part);
    return `rgb(${at(1)},${at(3)},${at(5)})`;
  }
}
