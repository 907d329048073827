/** What is used of Plotly; it brings no types of its own. */
declare module "plotly.js-strict-dist-min" {
  interface Plotly {
    react(
      element: HTMLElement,
      data: unknown[],
      layout: Record<string, unknown>,
      config: Record<string, unknown>,
    ): Promise<unknown>;
    purge(element: HTMLElement): void;
  }
  const plotly: Plotly;
  export default plotly;
}
