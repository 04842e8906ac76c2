// Pictures and files of a run, beside those of the walk itself.

export default ({ page, told, at, shows }) => {
  const { experiment, grid } = told;
  const inside = `/experiments/${experiment}`;

  return {
    async "a grid of pictures"() {
      await at(`${inside}/runs/${grid}/model-metrics`);
      await shows("dock");
      const picture = page.locator("img[src^='blob:'], img[src*='get-artifact']").first();
      await picture.waitFor();
    },
    async "artifacts: columns, words and JSON"() {
      await at(`${inside}/runs/${grid}/artifacts`);
      await page.getByText("depths.csv", { exact: true }).click();
      for (const text of ["fathom", "17"]) await shows(text);
      await page.getByText("read.md", { exact: true }).click();
      await page.getByRole("heading", { name: "Moorings" }).waitFor();
      await page.getByText("tide.json", { exact: true }).click();
      await shows("spring");
    },
  };
};
