// Walks pages in Chromium. A page fails when what should be on it is not, when a request fails that need not,
// or when the browser reports an error.
import path from "node:path";

import files from "./files.mjs";
import genai from "./genai.mjs";

const { chromium } = await import(process.env.PLAYWRIGHT);
const told = JSON.parse(process.argv[2]);
const { base, experiment, run, model } = told;

// MLflow's own server refuses these too: who asks, where it has no users, and an experiment by a name that none has yet.
const REFUSED = [/\/users\/(current|list)$/, /\/experiments\/get-by-name$/, /\/registered-models\/get$/];
// The browser reports a refused request once more, without its address; sizes that change while a chart is drawn are no error.
const NOISE = [/^Failed to load resource/, /ResizeObserver loop/];
const PATIENCE = 20_000;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
page.setDefaultTimeout(PATIENCE);

let faults = [];
const own = (address) => address.startsWith(new URL(base).origin);
const isOneOf = (patterns, text) => patterns.some((pattern) => pattern.test(text));
// Nothing of the walk depends on other machines.
await page.route((address) => !own(address.href) && /^https?:/.test(address.href), (route) => route.abort());
page.on("console", (message) => {
  if (message.type() === "error" && !isOneOf(NOISE, message.text()) && !/ERR_FAILED/.test(message.text())) faults.push(`console: ${message.text()}`);
});
page.on("pageerror", (error) => faults.push(`page: ${error}`));
page.on("requestfailed", (request) => {
  // a page that is left gives up what it still waits for
  const left = request.failure()?.errorText === "net::ERR_ABORTED";
  if (own(request.url()) && !left) faults.push(`request: ${request.url()}: ${request.failure()?.errorText}`);
});
page.on("response", (response) => {
  if (response.status() >= 400 && !isOneOf(REFUSED, new URL(response.url()).pathname)) faults.push(`${response.status()} ${response.request().method()} ${response.url()}`);
});

const at = (hash) => page.goto(`${base}/#${hash}`);
const shows = (text, where = page) => where.getByText(text).first().waitFor();
const lacks = (text) => page.getByText(text, { exact: true }).first().waitFor({ state: "hidden" });
const fail = (words) => {
  throw new Error(words);
};
// MLflow's page marks what can be used by names that stay.
const component = (id) => page.locator(`[data-component-id="${id}"]`);
const dialog = () => page.getByRole("dialog").last();
// Does something, and waits for the answer that it leads to.
const answered = async (method, address, act) => {
  const asks = (it) => it.request().method() === method && address.test(new URL(it.url()).pathname);
  const [response] = await Promise.all([page.waitForResponse(asks), act()]);
  if (response.status() >= 400) fail(`${response.status()} ${response.url()}: ${await response.text()}`);
  return response;
};
const tools = { browser, page, base, told, at, shows, lacks, fail, component, dialog, answered };

const all = {
  async home() {
    await at("/");
    await shows("Recent Experiments");
    await shows("harbour");
    const close = page.locator("[role=dialog], aside, div").getByRole("button", { name: /close/i }).first();
    await close.click({ timeout: 2000 }).catch(() => {});
  },
  async experiments() {
    await at("/experiments");
    await shows("Default");
    await page.getByPlaceholder(/search experiments/i).first().fill("harb");
    await page.keyboard.press("Enter");
    await shows("harbour");
    await lacks("Default");
  },
  async "a new experiment"() {
    await at("/experiments");
    await page.getByRole("button", { name: "Create", exact: true }).first().click();
    await page.getByPlaceholder(/experiment name/i).fill("dry dock");
    await page.getByRole("dialog").getByRole("button", { name: /create/i }).click();
    await page.waitForURL(/experiments\/\d+/);
    await at("/experiments");
    await shows("dry dock");
  },
  async "runs, searched and sorted"() {
    await at(`/experiments/${experiment}/runs`);
    for (const name of ["crane-0", "crane-1", "crane-2", "fitted"]) await shows(name);
    await shows("tides");
    const search = page.getByPlaceholder(/metrics.rmse/).first();
    await search.fill('metrics.loss < 0.12 and params.kind = "tree"');
    await page.keyboard.press("Enter");
    await lacks("fitted");
    await shows("crane-0");
    await lacks("crane-2");
    await search.fill("");
    await page.keyboard.press("Enter");
    await shows("fitted");
    const asked = page.waitForRequest((it) => /runs\/search$/.test(it.url()) && /loss/.test(it.postData() ?? ""));
    await page.getByRole("button", { name: /^Sort/ }).click();
    await page.getByText("loss", { exact: true }).last().click();
    const order = (await asked).postDataJSON().order_by;
    if (!order[0].includes("loss")) fail(`runs are ordered by ${order}`);
    await page.keyboard.press("Escape");
  },
  async "charts of runs"() {
    await at(`/experiments/${experiment}/runs?compareRunsMode=CHART`);
    await page.locator(".js-plotly-plot .scatterlayer .trace").first().waitFor({ state: "attached" });
    await shows("accuracy");
  },
  async "a run"() {
    await at(`/experiments/${experiment}/runs/${run}`);
    for (const text of ["crane-2", "accuracy", "depth", "tides", "quay", "Finished"]) await shows(text);
  },
  async "charts of a run"() {
    await at(`/experiments/${experiment}/runs/${run}/model-metrics`);
    await page.locator(".js-plotly-plot .scatterlayer .trace").first().waitFor({ state: "attached" });
  },
  async "artifacts: a text"() {
    await at(`/experiments/${experiment}/runs/${run}/artifacts`);
    await page.getByText("notes", { exact: true }).click();
    await page.getByText("hello.txt", { exact: true }).click();
    await shows("a text of the run");
  },
  async "artifacts: a picture"() {
    await page.getByText("dark.png", { exact: true }).click();
    const picture = page.locator("img[src^='blob:'], img[src*='get-artifact']").first();
    await picture.waitFor();
    const width = await picture.evaluate(async (it) => (await it.decode(), it.naturalWidth));
    if (width !== 30) fail(`the picture is ${width} wide`);
  },
  async "artifacts: a table"() {
    await page.getByText("ships.json", { exact: true }).click();
    await shows("ferry");
  },
  async "artifacts: a page in its frame"() {
    await page.getByText("page.html", { exact: true }).click();
    await page.frameLocator("iframe.mlflow-html-iframe, iframe#html").getByText("a script ran").waitFor();
  },
  async models() {
    await at("/models");
    await shows("lift");
    await shows("champion");
  },
  async "a model"() {
    await at("/models/lift");
    for (const text of ["area", "north", "champion", "Version 1", "twice"]) await shows(text);
  },
  async "a version"() {
    await at("/models/lift/versions/1");
    for (const text of ["champion", "reviewed", "twice", "Schema", "fitted"]) await shows(text);
  },
  async "logged models"() {
    await at(`/experiments/${experiment}/models`);
    await shows("lift");
    await at(`/experiments/${experiment}/models/${model}`);
    for (const text of ["Ready", model, "fitted"]) await shows(text);
    await at(`/experiments/${experiment}/models/${model}/artifacts`);
    await page.getByText("MLmodel", { exact: true }).click();
    await shows("flavors");
  },
  async prompts() {
    await at("/prompts");
    await shows("greeting");
    await at("/prompts/greeting");
    await shows("Good day");
    await page.getByText("Version 1").first().click();
    await shows("Ahoy");
  },
};

const walks = {
  all: { ...all, ...genai(tools), ...files(tools) },
  prefix: {
    async "below a prefix"() {
      // without the slash the page's files would be looked for beside it
      await page.goto(base);
      await shows("Recent Experiments");
      if (new URL(page.url()).pathname !== "/quay/") fail(`the page is at ${page.url()}`);
      await shows("Default");
    },
  },
  plain: {
    async "without MLflow's page"() {
      await page.goto(base);
      await shows("pip install mlflow");
    },
  },
};

let failed = 0;
const only = process.env.ONLY && new RegExp(process.env.ONLY);
for (const [name, look] of Object.entries(walks[told.walk])) {
  if (only && !only.test(name)) continue;
  const begun = Date.now();
  faults = [];
  try {
    await look();
  } catch (error) {
    faults.unshift(String(error).split("\n").slice(0, 3).join(" "));
  }
  if (faults.length > 0) {
    failed += 1;
    await page.screenshot({ path: path.join(told.pictures, `${name.replaceAll(/[^a-z]+/gi, "-")}.png`) }).catch(() => {});
  }
  console.log(`${faults.length > 0 ? "FAILED" : "ok"} ${name} (${Date.now() - begun} ms)`);
  for (const fault of faults) console.log(`  ${fault}`);
}
await browser.close();
process.exit(failed > 0 ? 1 : 0);
