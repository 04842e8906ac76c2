// The pages of experiments, runs, artifacts, models and prompts.

export default ({ page, told, at, shows, lacks, fail }) => {
  const { experiment, run, model } = told;

  return {
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
};
