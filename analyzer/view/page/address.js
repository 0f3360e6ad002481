// The address as the place where the state of what is shown is kept: #a=…&b=….
"use strict";

const Address = {
  steps: 0, // that Backspace can take back

  read() {
    const state = {};
    for (const part of location.hash.slice(1).split("&")) {
      const at = part.indexOf("=");
      if (at > 0)
        state[part.slice(0, at)] = part.slice(at + 1);
    }
    return state;
  },

  decode(text) {
    try {
      return decodeURIComponent(text);
    } catch (error) {
      return text;
    }
  },

  // What is as it was at first is left out.
  write(state, initial, isStep) {
    const parts = Object.entries(state).filter(([key, value]) => value !== initial[key]);
    const hash = "#" + parts.map(([key, value]) => key + "=" + value).join("&");
    if (hash === (location.hash || "#"))
      return;
    if (isStep) {
      Address.steps++;
      history.pushState(null, "", hash);
    } else {
      history.replaceState(null, "", hash);
    }
  },

  // Keep a state: a step at once, other changes when they pause, as a browser lets nobody change the address all the
  // time.
  keep(stateOf, initial, isStep) {
    clearTimeout(Address.timer);
    if (isStep)
      Address.write(stateOf(), initial, true);
    else
      Address.timer = setTimeout(() => Address.write(stateOf(), initial, false), 100);
  },

  back() {
    if (Address.steps === 0)
      return false;
    Address.steps--;
    history.back();
    return true;
  },
};
