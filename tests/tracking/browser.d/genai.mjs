// What people do with traces, reviews, datasets, evaluations and prompts.

export default ({ page, told, at, shows, lacks, fail, component, answered, dialog }) => {
  const { experiment, traces, evaluation } = told;
  const inside = `/experiments/${experiment}`;
  const rows = () => component("web-shared.traces-table.row-select");
  const pick = async (text) => {
    const row = page.getByRole("row").filter({ hasText: text }).first();
    await row.locator('[data-component-id="web-shared.traces-table.row-select"]').dispatchEvent("click");
    await component("mlflow.traces-v4.actions.trigger").click();
  };

  return {
    async "an overview"() {
      await at(`${inside}/overview/usage`);
      for (const text of ["Traces", "Latency"]) await shows(text);
    },
    async traces() {
      await at(`${inside}/traces`);
      for (const text of ["berth 1", "berth 2", "Error"]) await shows(text);
      await page.getByRole("button", { name: "Filter by tag pier: 7" }).first().waitFor();
      const search = component("web-shared.traces-table.search");
      await search.fill("berth 2");
      await page.keyboard.press("Enter");
      await page.waitForFunction((id) => document.querySelectorAll(`[data-component-id="${id}"]`).length === 1, "web-shared.traces-table.row-select");
      await search.fill("");
      await page.keyboard.press("Enter");
      await shows("berth 1");
      if ((await rows().count()) < 4) fail("traces are missing");
    },
    async "a trace, its spans and what is said of it"() {
      await at(`${inside}/traces/${traces[0]}`);
      for (const text of ["look up", "moored at berth 1"]) await shows(text);
      await component("shared.model-trace-explorer.assessments-pane-toggle").first().click();
      for (const text of ["Expectations (1)", "ann"]) await shows(text);
      await page.getByText("look up", { exact: true }).first().click();
      await shows("a bollard");
      await page.getByText("ask", { exact: true }).first().click();
      await shows("Expectations (1)");
    },
    async "a feedback"() {
      await component("shared.model-trace-explorer.add-feedback").first().click();
      await page.getByText("Human feedback").click();
      await page.getByPlaceholder("Enter a feedback name").fill("tidy");
      await page.keyboard.press("Enter");
      await component("shared.model-trace-explorer.assessment-rationale-input").fill("swept");
      await answered("POST", /assessments$/, () => page.getByRole("button", { name: "Create", exact: true }).click());
      await shows("tidy");
    },
    async "a trace for a queue"() {
      await component("mlflow.evaluations_review.modal.flag_for_review").click();
      await answered("POST", /review-queues\/items\/add$/, () => page.getByRole("option", { name: "Default queue" }).click());
    },
    async "a question"() {
      await at(`${inside}/review-queue`);
      await page.getByText("Manage questions").click();
      await shows("Feedback", dialog());
      await component("mlflow.experiment-review-queue.manage-questions.add").click();
      await component("mlflow.experiment-label-schemas.form.name").fill("Is it moored?");
      await answered("POST", /label-schemas\/create$/, () => component("mlflow.label-schema-form-modal.modal.footer.ok").click());
      await shows("Is it moored?");
    },
    async "a review"() {
      await at("/");
      await at(`${inside}/review-queue`);
      await page.getByText("Default", { exact: true }).first().click();
      await page.getByText("Start review").click();
      await component("mlflow.experiment-review-queue.focused-review.question.text").first().fill("well moored");
      await answered("POST", /review-queues\/items\/set-status$/, () => component("mlflow.experiment-review-queue.focused-review.complete").click());
      await at("/");
      await at(`${inside}/review-queue`);
      await shows("Completed (1)");
    },
    async "a trace that is deleted"() {
      await at(`${inside}/traces`);
      await shows("berth 3");
      await pick("berth 3");
      await component("mlflow.traces-v4.actions.delete").click();
      await answered("POST", /traces\/delete-traces$/, () => dialog().getByRole("button", { name: /^Delete/ }).click());
      await lacks('{"question": "berth 3"}');
    },
    async "a session"() {
      await at(`${inside}/chat-sessions/s-1`);
      for (const text of ["Turn 1", "berth 1", "is_right"]) await shows(text);
    },
    async "a dataset and its records"() {
      await at(`${inside}/datasets`);
      await page.getByText("ships", { exact: true }).first().click();
      await shows("berth 2");
      await shows("expected_response");
    },
    async "evaluation runs"() {
      await at(`${inside}/evaluation-runs`);
      await shows("brief/mean");
      await at(`${inside}/evaluation-runs/${evaluation}`);
      await shows("Traces");
      await at(`${inside}/runs/${evaluation}/evaluations`);
      await shows("berth 0");
    },
    async "what is not set up"() {
      for (const [path, text] of [
        [`${inside}/judges`, "Create and manage judges"],
        [`${inside}/playground`, "Select an endpoint"],
        ["/mcp-registry", "MCP Registry"],
        ["/settings/llm-connections", "LLM Connections"],
        ["/settings/general", "Theme preference"],
      ]) {
        await at(path);
        await shows(text);
      }
    },
    async "a new prompt"() {
      await at("/prompts");
      await page.getByRole("button", { name: "Create prompt" }).first().click();
      await component("mlflow.prompts.create.name").fill("farewell");
      await dialog().locator("textarea").fill("Fair winds {{name}}");
      await answered("POST", /model-versions\/create$/, () => component("mlflow.prompts.create.modal.footer.ok").click());
      await page.waitForURL(/prompts\/farewell/);
      await shows("Fair winds");
    },
    async "a version of a prompt, compared"() {
      await page.getByRole("button", { name: "Create prompt version" }).first().click();
      await dialog().locator("textarea").fill("Fair winds, {{name}}!");
      await answered("POST", /model-versions\/create$/, () => component("mlflow.prompts.create.modal.footer.ok").click());
      await shows("Version 2");
      await page.getByText("Compare", { exact: true }).first().click();
      await shows("Comparing version 2 with version 1");
    },
    async "an alias of a prompt"() {
      await at("/");
      await at("/prompts/farewell");
      await page.getByRole("button", { name: "Add", exact: true }).first().click();
      await dialog().getByRole("combobox").fill("harbour-master");
      await page.keyboard.press("Enter");
      await answered("POST", /registered-models\/alias$/, () => component("mlflow.edit-aliases-modal.save-button").click());
      await shows("harbour-master");
    },
  };
};
