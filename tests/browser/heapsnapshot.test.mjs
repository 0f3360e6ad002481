// .heapsnapshot and .heapprofile in who reads them: Chrome's developer tools, from their package, load our files, and what
// they make of them (sizes, dominators, allocation stacks, the tree of a sampling profile) is what tracean heap says.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { before, describe, it } from "node:test";

const require = createRequire(process.env.PACKAGES);
const { build } = require("esbuild");
const front = join(dirname(require.resolve("chrome-devtools-frontend/package.json")), "front_end");
const bundle = (name) => join(process.env.PACKAGES, name + ".mjs");

// Newer than Node.js 20.
Promise.withResolvers ??= function () {
  const result = {};
  result.promise = new this((resolve, reject) => Object.assign(result, { resolve, reject }));
  return result;
};

// Its texts in other languages are made when it is built: here there are none.
const languages = {
  name: "languages",
  setup(builder) {
    builder.onResolve({ filter: /\/locales\.js$/ }, () => ({ path: "locales", namespace: "languages" }));
    builder.onLoad({ filter: /./, namespace: "languages" }, () => ({
      contents: `export const LOCALES = ["en-US"], BUNDLED_LOCALES = ["en-US"], DEFAULT_LOCALE = "en-US",
        LOCAL_FETCH_PATTERN = "", REMOTE_FETCH_PATTERN = "";` }));
  },
};

// Of the panel that shows sampling profiles only the model is wanted: all that draws is something that does nothing.
const undrawn = {
  name: "undrawn",
  setup(builder) {
    builder.onResolve({ filter: /./ }, ({ path, importer }) =>
      (importer === "" || importer === "<stdin>" || /models\/cpu_profile|core\/platform/.test(importer + path) ? undefined
        : { path, namespace: "undrawn" }));
    builder.onLoad({ filter: /./, namespace: "undrawn" }, () => ({ contents: `
      const nothing = new Proxy(class {}, { apply: () => nothing, construct: () => ({}),
        getPrototypeOf: () => nothing, // of which esbuild makes what an import finds
        get: (target, name) => (name === "prototype" ? target.prototype : name === "__esModule" ? false : nothing) });
      module.exports = nothing;` }));
  },
};

let tools, panel;

const tracean = (...words) =>
  execFileSync(process.env.TRACEAN, ["heap", "-q", ...words], { encoding: "utf8", maxBuffer: 1 << 28 });

async function load(text) {
  const loader = new tools.HeapSnapshotLoader.HeapSnapshotLoader({ sendEvent() {} });
  for (let i = 0; i < text.length; i += 100000) // as from a file, in pieces
    loader.write(text.slice(i, i + 100000));
  loader.close();
  const { port1, port2 } = new MessageChannel();
  new tools.HeapSnapshot.SecondaryInitManager(port2);
  const snapshot = await loader.buildSnapshot(port1);
  port1.close();
  port2.close();
  return snapshot;
}

const classes = (snapshot) =>
  Object.values(snapshot.aggregatesWithFilter(new tools.Model.HeapSnapshotModel.NodeFilter()));

// How many blocks of no bytes there are, by name: the tools count none of them.
function empty_blocks(file) {
  const { node_fields: fields, node_types: types } = file.snapshot.meta, empty = {};
  for (let i = 0; i < file.nodes.length; i += fields.length) {
    const of = (name) => file.nodes[i + fields.indexOf(name)];
    if (types[0][of("type")] === "native" && of("self_size") === 0)
      empty[file.strings[of("name")]] = (empty[file.strings[of("name")]] ?? 0) + 1;
  }
  return empty;
}

describe("heapsnapshot", () => {
  before(async () => {
    await build({
      bundle: true, format: "esm", platform: "node", outfile: bundle("heap_snapshot_worker"), logLevel: "error",
      plugins: [languages],
      stdin: { resolveDir: front, contents: `
        export * from "./entrypoints/heap_snapshot_worker/heap_snapshot_worker.js";
        export * as Model from "./models/heap_snapshot/heap_snapshot.js";` },
    });
    await build({
      bundle: true, format: "esm", platform: "node", outfile: bundle("heap_profile"), logLevel: "error", plugins: [undrawn],
      stdin: { resolveDir: front, contents: 'export * from "./panels/profiler/HeapProfileView.js";' },
    });
    tools = await import(bundle("heap_snapshot_worker"));
    panel = await import(bundle("heap_profile"));
  });

  for (const name of ["retains", "leaks", "grows"]) {
    const image = join(process.env.TRACES, name + ".heap");

    it(`${name}: has every block of every call path, and retains what we say`, async () => {
      const ours = JSON.parse(tracean("--format", "json", "--top", "0", image));
      const text = tracean("--format", "heapsnapshot", image), empty = empty_blocks(JSON.parse(text));
      const snapshot = await load(text);
      assert.equal(snapshot.totalSize, ours.live.bytes);
      const states = ["reachable", "possibly_lost", "lost", "indirectly_lost"];
      const wanted = ours.paths.map((path) => {
        const name = path.frames.slice(0, 8).join(" < ") + (path.frames.length > 8 ? " < …" : "");
        const sum = (unit) => states.reduce((before, state) => before + path[state][unit], 0);
        return [name, sum("blocks") - (empty[name] ?? 0), sum("bytes"), path.retained_bytes];
      }).sort();
      const found = classes(snapshot).map((one) => [one.name, one.count, one.self, one.maxRet]).sort();
      assert.ok(found.length > 0);
      assert.deepEqual(found, wanted);
    });

    it(`${name}: knows who allocated each block`, async () => {
      const text = tracean("--format", "heapsnapshot", image), snapshot = await load(text);
      let blocks = Object.values(empty_blocks(JSON.parse(text))).reduce((sum, nr) => sum + nr, 0);
      for (const one of classes(snapshot))
        for (const index of one.idxs) {
          const frames = snapshot.allocationStack(index).map((frame) => frame.functionName);
          assert.equal(frames.pop(), ""); // the root
          assert.ok(frames.length > 0);
          assert.ok(one.name.startsWith(frames.slice(0, 8).join(" < ")), `${one.name}: ${frames}`);
          blocks++;
        }
      assert.equal(blocks, JSON.parse(tracean("--format", "json", image)).live.blocks);
    });
  }

  for (const name of ["retains", "leaks", "grows"])
    it(`${name}: is a sampling profile with every call path's bytes`, () => {
      const image = join(process.env.TRACES, name + ".heap");
      const ours = JSON.parse(tracean("--format", "json", "--top", "0", image));
      const { root } = new panel.SamplingHeapProfileModel(JSON.parse(tracean("--format", "heapprofile", image)));
      const found = [], walk = (node, callers) => {
        const frames = [node.functionName, ...callers];
        if (node.self > 0)
          found.push([frames.join(" < "), node.self]);
        node.children.forEach((child) => walk(child, frames));
      };
      root.children.forEach((node) => walk(node, []));
      const states = ["reachable", "possibly_lost", "lost", "indirectly_lost"];
      const wanted = ours.paths.map((path) => [path.frames.join(" < "), states.reduce((sum, state) => sum + path[state].bytes, 0)]);
      assert.equal(root.total, ours.live.bytes);
      assert.deepEqual(found.sort(), wanted.filter(([, bytes]) => bytes > 0).sort());
    });

  it("holds what is lost below a node that says so", async () => {
    const image = join(process.env.TRACES, "leaks.heap");
    const ours = JSON.parse(tracean("--format", "json", image));
    const file = JSON.parse(tracean("--format", "heapsnapshot", image));
    const snapshot = await load(JSON.stringify(file));
    const name = file.strings.findIndex((text) => text.startsWith("(lost"));
    const fields = file.snapshot.meta.node_fields;
    const lost = file.nodes.findIndex((value, i) => i % fields.length === fields.indexOf("name") && value === name);
    assert.ok(lost > 0 && ours.lost.bytes > 0);
    assert.equal(snapshot.retainedSizes[Math.floor(lost / fields.length)],
      ours.lost.bytes + ours.indirectly_lost.bytes);
  });
});
