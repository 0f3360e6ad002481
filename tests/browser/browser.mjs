// What the tests in a browser share: a browser, a page that notes every complaint and request, and files to open.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const require = createRequire(process.env.PACKAGES);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const TRACEAN = process.env.TRACEAN;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

export class Browser {
  async open() {
    this.folder = mkdtempSync(join(tmpdir(), "tracean-browser-"));
    this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: FLAGS });
  }

  async close() {
    await this.browser?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  // Run tracean; `input` is its standard input.
  tracean(words, input = "") {
    return execFileSync(TRACEAN, words, { input, cwd: this.folder, encoding: "utf8", maxBuffer: 1 << 28 });
  }

  // The address of a file that tracean makes: words without the output.
  make(name, words, input) {
    this.tracean([...words, "-o", name], input);
    return "file://" + join(this.folder, name);
  }

  async page(url, options = {}) {
    await this.leave();
    this.errors = [];
    this.requests = [];
    this.context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await this.context.newPage();
    page.on("console", (message) => this.errors.push(message.text()));
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("request", (request) => this.requests.push(request.url()));
    await page.goto(url);
    this.current = page;
    return page;
  }

  // Every test ends here: nothing was complained about, and nothing was asked for but the file.
  async leave() {
    if (!this.context)
      return;
    await this.context.close();
    this.context = null;
    assert.deepEqual(this.errors, [], "console");
    assert.ok(this.requests.every((url) => url.startsWith("file://")), this.requests.join(" "));
  }

  async screenshot(name) {
    mkdirSync(process.env.SCREENSHOTS, { recursive: true });
    await this.current.screenshot({ path: join(process.env.SCREENSHOTS, name + ".png") });
  }

  // No rule of axe-core is broken.
  async accessible() {
    await this.current.evaluate(axe + ";0");
    const violations = await this.current.evaluate(async () => (await window.axe.run()).violations
      .map((v) => v.id + ": " + v.nodes.map((n) => n.html.slice(0, 120) + " " + n.failureSummary).join(" | ")));
    assert.deepEqual(violations, []);
  }
}

// What a person does with a flame graph.
export class FlameUser {
  constructor(page, root = "") {
    this.page = page;
    this.root = root;
  }

  settle() {
    return this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }

  // Where the first frame of that name is, in the window; null when it is not in sight.
  async box(name) {
    await this.settle();
    return this.page.evaluate(([root, wanted]) => {
      const { frames, profile, lane } = document.querySelector(root + " .flame").view;
      const { tree } = lane;
      const node = Array.from(tree.fn).findIndex((fn, i) => profile.name(fn) === wanted && frames.isShown({ lane, node: i }));
      if (node < 0)
        return null;
      const { x, end, y } = frames.box(lane, node), at = frames.canvas.getBoundingClientRect();
      const left = Math.max(x, 0), width = Math.min(end, frames.width) - left;
      return { x: at.left + left, width, y: at.top + y - frames.host.scrollTop };
    }, [this.root, name]);
  }

  async width(name) {
    return (await this.box(name))?.width ?? 0;
  }

  async hover(name) {
    const { x, y, width } = await this.box(name);
    await this.page.mouse.move(x + Math.min(width / 2, 50), y + 8);
    await this.settle();
  }

  async click(name) {
    const { x, y, width } = await this.box(name);
    await this.page.mouse.click(x + Math.min(width / 2, 50), y + 8);
    await this.settle();
  }

  async press(...keys) {
    for (const key of keys)
      await this.page.keyboard.press(key);
    await this.page.waitForTimeout(60); // going back in the history takes its time
    await this.settle();
  }

  async type(text) {
    await this.page.keyboard.type(text);
    await this.settle();
  }

  details() {
    return this.page.locator(this.root + " .details div").first().textContent();
  }

  matched() {
    return this.page.locator(this.root + " .matched").textContent();
  }

  async hash() {
    await this.page.waitForTimeout(200); // it follows when changes pause
    return this.page.evaluate(() => location.hash);
  }
}
