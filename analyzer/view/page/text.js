// Numbers and names for people; the same forms as base/number.c and base/escape.c have.
"use strict";

const Text = {
  count(number) {
    return number.toLocaleString("en-US");
  },

  counted(number, noun) {
    return Text.count(number) + " " + noun + (number === 1 ? "" : "s");
  },

  // A value of a profile: time with three digits, or a number with its unit.
  amount(value, unit) {
    if (unit !== "ns")
      return Text.count(value) + " " + unit;
    const names = ["ns", "us", "ms", "s"];
    let at = 0;
    while (value >= 999.5 && at < 3) {
      value /= 1000;
      at++;
    }
    return (at === 0 || value >= 999.5 ? Text.count(Math.round(value)) : value.toPrecision(3)) + " " + names[at];
  },

  percent(part, whole) {
    return whole > 0 ? (100 * part / whole).toFixed(1) + " %" : "0 %";
  },

  change(base, now) {
    if (base === 0)
      return now === 0 ? "±0 %" : "new";
    if (now === 0)
      return "gone";
    const percent = 100 * (now - base) / base;
    if (Math.abs(percent) < 0.05)
      return "±0 %";
    return (percent < 0 ? "−" : "+") + Math.abs(percent).toFixed(1) + " %";
  },

  // As much of a name as `room` characters hold: without its arguments, without what its templates are made for,
  // then its beginning.
  shorten(name, room) {
    if (name.length <= room)
      return name;
    if (room < 3)
      return "";
    const bare = name.slice(0, 1000).replace(/([^\s:(])\([^()]+\)(?=( const)?$)/, "$1()");
    const plain = bare.length <= room ? bare : bare.replace(/<[^<>]*(<[^<>]*>[^<>]*)*>/g, "<…>");
    return plain.length <= room ? plain : Array.from(plain).slice(0, room - 1).join("") + "…";
  },

  // Characters that could turn other text around, or hide it, as what they are.
  harmless(name) {
    return name.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
      (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  },
};

// An element of HTML, also inside of an SVG document, with properties, attributes (data-, aria-, role) and children.
function element(name, properties = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/1999/xhtml", name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in node && !key.includes("-"))
      node[key] = value;
    else
      node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}
